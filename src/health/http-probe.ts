/**
 * A probe that asks for a path and looks at the status, and at the body if a text is expected there.
 * Every probe makes a fresh connection, follows no redirect and reads a bounded amount. It goes through
 * undici and not through the request path's own codec, so that the two cannot share a mistake.
 */
import { buildConnector, Client, type Dispatcher } from "undici";
import { isIp } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { DialTarget, UpstreamTls } from "../core/transport.ts";
import { probeInTurn } from "./addresses-in-turn.ts";
import { errorCode, failureFrom } from "./failure-causes.ts";
import type { Probe, ProbeCause, ProbeResult, ProbeTarget } from "./probe.ts";

export interface HttpProbeSettings {
  readonly method: "GET" | "HEAD" | "OPTIONS";
  /** Path and query. */
  readonly path: string;
  /** Host header; null for the endpoint's own. */
  readonly host: string | null;
  /** Further request headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses that count as success; both ends included. */
  readonly expectedStatus: readonly { readonly from: number; readonly to: number }[];
  /** A text that must occur in the first 64 KiB of the body; null for any body. */
  readonly expectedBody: string | null;
}

const bodyReadBytesMax = 64 * 1024;
const headBytesMax = 16 * 1024;

type Verdict = { isOk: true; detail: string } | { isOk: false; cause: ProbeCause; detail: string };

export function createHttpProbe(settings: HttpProbeSettings, clock: Clock): Probe {
  return probeInTurn((address, target, timeoutMs, done) => {
    const question = new Question(settings, clock, address, target, timeoutMs, done);
    return () => question.giveUp();
  }, clock);
}

/** One probe under way. */
class Question {
  readonly #settings: HttpProbeSettings;
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #startedMs: number;
  readonly #timer: { cancel(): void };
  readonly #chunks: Buffer[] = [];
  #done: ((result: ProbeResult) => void) | null;
  #status = 0;
  #bodyBytes = 0;

  constructor(
    settings: HttpProbeSettings,
    clock: Clock,
    address: DialTarget,
    target: ProbeTarget,
    timeoutMs: number,
    done: (result: ProbeResult) => void,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#done = done;
    this.#startedMs = clock.nowMs();
    this.#client = createClient(address, target.tls, timeoutMs);
    this.#timer = clock.setTimer(timeoutMs, () => this.#timedOut(timeoutMs));
    // Later, because undici refuses an unusable request at once and `done` must not be called that early.
    queueMicrotask(() => this.#ask(settings.host ?? target.authority));
  }

  #ask(host: string): void {
    const { method, path, headers } = this.#settings;
    const options = { method, path, headers: { "user-agent": "headgate-probe", ...headers, host } };
    // `reset` sends `Connection: close`: the endpoint need not keep the connection for another.
    if (this.#done !== null) this.#client.dispatch({ ...options, reset: true }, this.#handler());
  }

  giveUp(): void {
    this.#done = null;
    this.#close();
  }

  #handler(): Dispatcher.DispatchHandler {
    return {
      onRequestStart: () => {},
      onResponseStart: (_controller, status) => this.#headArrived(status),
      onResponseData: (_controller, chunk) => this.#bodyArrived(chunk),
      onResponseEnd: () => this.#bodyEnded(),
      onResponseError: (_controller, error) => this.#failed(error),
    };
  }

  #headArrived(status: number): void {
    if (status < 200) return;
    this.#status = status;
    const isExpected = this.#settings.expectedStatus.some(({ from, to }) => status >= from && status <= to);
    if (!isExpected) this.#finish({ isOk: false, cause: "status", detail: `status ${status}` });
    else if (this.#settings.expectedBody === null) this.#finish({ isOk: true, detail: `status ${status}` });
  }

  /** The body is read even if nobody cares, so that the endpoint sees its answer taken; but not without end. */
  #bodyArrived(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#done !== null) this.#chunks.push(chunk);
    if (this.#bodyBytes >= bodyReadBytesMax) this.#bodyEnded();
  }

  #bodyEnded(): void {
    const wanted = this.#settings.expectedBody ?? "";
    const body = Buffer.concat(this.#chunks).subarray(0, bodyReadBytesMax);
    if (body.includes(wanted))
      this.#finish({ isOk: true, detail: `status ${this.#status}, body as expected` });
    else
      this.#finish({
        isOk: false,
        cause: "body",
        detail: `status ${this.#status}, but the body lacks the expected text`,
      });
    this.#close();
  }

  #timedOut(timeoutMs: number): void {
    const missing = this.#status === 0 ? "no answer" : "no complete body";
    this.#finish({ isOk: false, cause: "timeout", detail: `${missing} within ${timeoutMs} ms` });
    this.#close();
  }

  #failed(error: Error): void {
    this.#finish({ isOk: false, ...failureFrom(errorCode(error)) });
    this.#close();
  }

  #finish(verdict: Verdict): void {
    const done = this.#done;
    this.#done = null;
    done?.({ ...verdict, latencyMs: this.#clock.nowMs() - this.#startedMs });
  }

  #close(): void {
    this.#timer.cancel();
    this.#client.destroy(null, () => {});
  }
}

function createClient(address: DialTarget, tls: UpstreamTls | null, timeoutMs: number): Client {
  const scheme = tls === null ? "http" : "https";
  return new Client(`${scheme}://${originHost(address)}`, {
    // The prober's own timer rules; undici's only have to be out of its way.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: headBytesMax,
    pipelining: 1,
    connect: connector(address, tls, timeoutMs),
  });
}

function originHost(address: DialTarget): string {
  if (address.kind === "unix") return "localhost";
  return `${address.address.includes(":") ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Connects to the address given, whatever the Host header says, and verifies against the configured name. */
function connector(
  address: DialTarget,
  tls: UpstreamTls | null,
  timeoutMs: number,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutMs,
    maxCachedSessions: 0,
    allowH2: false,
    ...(address.kind === "unix" ? { socketPath: address.path } : {}),
    ...(tls === null ? {} : tlsOptions(tls)),
  });
  // SNI carries names only (RFC 6066 §3); an address is verified as what was connected to.
  const servername = tls === null || isIp(tls.serverName) ? "" : tls.serverName;
  return (options, callback) => connect({ ...options, servername }, callback);
}

function tlsOptions(tls: UpstreamTls) {
  return {
    rejectUnauthorized: tls.isVerified,
    ...(tls.caPem === null ? {} : { ca: tls.caPem }),
    ...(tls.certificatePem === null ? {} : { cert: tls.certificatePem }),
    ...(tls.keyPem === null ? {} : { key: tls.keyPem }),
  };
}
