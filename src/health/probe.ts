/**
 * What a probe is: one question to one endpoint, and what came of it. How it is asked stands in
 * `http-probe.ts` and `tcp-probe.ts`; when, in `prober.ts`; what follows, in `endpoint-health.ts`.
 */
import type { DialTarget, UpstreamTls } from "../core/transport.ts";

/** Where a probe goes. Already resolved: a probe tests an endpoint, not the DNS. */
export interface ProbeTarget {
  /** Best first, at least one: a name may have several, and they are tried in turn. */
  readonly addresses: readonly DialTarget[];
  /** Null for plain text. */
  readonly tls: UpstreamTls | null;
  /** The Host header an HTTP probe sends unless its settings name another: `host` or `host:port`. */
  readonly authority: string;
}

/** Why a probe failed. Stable: metrics and logs group by it. */
export type ProbeCause =
  /** Nobody listens there. */
  | "refused"
  /** No complete answer within the time allowed. */
  | "timeout"
  /** The connection broke before the answer was complete. */
  | "reset"
  /** The network has no way there. */
  | "unreachable"
  | "tls"
  /** An answer with a status that is not expected. */
  | "status"
  /** The body lacks the expected text. */
  | "body"
  /** What came is no HTTP. */
  | "bad-response"
  /** The endpoint's name has no address. */
  | "name-unresolved"
  /** Anything else; `detail` has the system's code. */
  | "failed";

export type ProbeResult =
  | {
      readonly isOk: true;
      /** From the start of the connection to the verdict. */
      readonly latencyMs: number;
      /** For people: `status 200`, `connected`. */
      readonly detail: string;
    }
  | {
      readonly isOk: false;
      readonly latencyMs: number;
      readonly cause: ProbeCause;
      /** For people: `connection refused`, `status 500`, `no answer within 2000 ms`. */
      readonly detail: string;
    };

/** One attempt at one address. The rules of `Probe.probe` hold for it. */
export type ProbeAttempt = (
  address: DialTarget,
  target: ProbeTarget,
  timeoutMs: number,
  done: (result: ProbeResult) => void,
) => () => void;

export interface Probe {
  /**
   * Asks once, over a fresh connection. `done` is called exactly once, never before `probe` returns
   * and not after the returned function was called, which gives up.
   */
  probe(target: ProbeTarget, timeoutMs: number, done: (result: ProbeResult) => void): () => void;
}
