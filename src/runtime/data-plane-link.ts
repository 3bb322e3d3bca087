/** How the control plane talks to a data plane, in this thread or in a worker. */
import type { AcmeAnswer } from "../core/acme.ts";
import type { DialTarget } from "../core/transport.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import type { ListenersTls } from "./tls-listeners.ts";

export interface DataPlaneLink {
  /** Makes the snapshot current; resolves once its listeners are bound, rejects with a ListenError. */
  apply(snapshot: Snapshot): Promise<readonly BoundAddress[]>;
  /** An endpoint's name has new addresses. */
  setTargets(key: string, targets: readonly DialTarget[]): void;
  /** A drain's deadline is near: asks the endpoint's WebSockets to close, all in time to have done so within `withinMs`. */
  closeWebSockets(endpointKey: string, withinMs: number): void;
  /** A drain's deadline has passed: ends what the endpoint still has. */
  endDrain(endpointKey: string): void;
  /** Opens log files again under their names, after a rotation. */
  reopenLogs(): void;
  /** New certificates or ticket keys for the listeners of the current snapshot. */
  setTls(tls: ListenersTls): void;
  /** What listeners answer while an authority validates names; resolves when they do. */
  setChallenges(answers: readonly AcmeAnswer[]): Promise<void>;
  /** Which exchanges are followed live; none when nobody looks. */
  setExchangeFilters(filters: readonly ExchangeFilter[]): void;
  /** Accepts no more and finishes what is under way, for which there is `graceMs`; resolves when the last connection is gone. */
  drain(graceMs: number): Promise<void>;
  /** Ends at once whatever is left. */
  terminate(): Promise<void>;
}

/** A listener could not be bound. `code` is the system's (`EADDRINUSE`, `EACCES`). */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;
  readonly address: string;

  constructor(code: string, address: string) {
    super(`cannot listen on ${address}: ${code}`);
    this.code = code;
    this.address = address;
  }
}
