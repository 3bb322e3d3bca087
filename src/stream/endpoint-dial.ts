/**
 * Finds an endpoint of a pool that takes a connection: the policy's choice, and after a failure another
 * one, as often as the pool's retry settings and budget allow. The endpoint stays held until `release`.
 */
import type { Clock } from "../core/clock.ts";
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import type { ByteStream } from "../core/transport.ts";
import type { PendingConnection, StreamWaiter } from "../upstream/dial.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Pool } from "../upstream/pool.ts";
import type { FailedDial } from "./stream-context.ts";

export interface EndpointDialParts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly pool: Pool;
  /** What policies hash: the client's address. */
  readonly key: string;
  proxyHeader(version: "v1" | "v2", tlvs: readonly ProxyTlvName[]): Uint8Array;
  onSuspect(endpointKey: string): void;
  onConnected(stream: ByteStream): void;
  /** Headgate itself ends the stream; `release` follows as when it closes. */
  onBrokenOff(cause: Cause): void;
  /** Nobody takes it; nothing is held any more. */
  onFailed(cause: Cause, detail: string): void;
}

export class EndpointDial implements StreamWaiter {
  rosterIndex = -1;
  endpoint: Endpoint | null = null;
  failedDials: readonly FailedDial[] = [];
  connectMs: number | null = null;
  readonly #parts: EndpointDialParts;
  readonly #backoff: Deadline;
  readonly #tried: Endpoint[] = [];
  #pending: PendingConnection | null = null;
  #isHolding = false;
  #isBudgeted = false;
  #attemptCount = 0;
  #startedMs = 0;

  constructor(parts: EndpointDialParts) {
    this.#parts = parts;
    this.#backoff = new Deadline(parts.deadlines, () => this.#next());
  }

  /** Nothing is called back within this call but `onFailed`. */
  start(): void {
    this.#parts.pool.budget.requestStarted(this.#parts.clock.nowMs());
    this.#next();
  }

  /** Gives up, or gives the endpoint back after the stream has gone. Bytes as the endpoint sees them. */
  release(bytesIn: number, bytesOut: number): void {
    this.#backoff.dispose();
    this.#endBudgeted();
    if (!this.#isHolding || this.endpoint === null) return;
    this.#isHolding = false;
    const { state, connections } = this.endpoint;
    if (this.connectMs === null) {
      this.#pending?.cancel();
      state.requestAbandoned(bytesIn, bytesOut);
      return;
    }
    connections.streamClosed(this);
    // How long a connection lasted says nothing about its endpoint; how long it took to come about does.
    state.requestFinished(0, this.connectMs, false, bytesIn, bytesOut, this.#parts.clock.nowMs());
  }

  proxyHeader(version: "v1" | "v2", tlvs: readonly ProxyTlvName[]): Uint8Array {
    return this.#parts.proxyHeader(version, tlvs);
  }

  onStreamReady(stream: ByteStream): void {
    this.#pending = null;
    this.#endBudgeted();
    this.connectMs = this.#parts.clock.nowMs() - this.#startedMs;
    this.endpoint?.attempted(true);
    this.#parts.onConnected(stream);
  }

  breakOff(cause: Cause): void {
    this.#parts.onBrokenOff(cause);
  }

  onUpstreamFailed(cause: Cause, detail: string): void {
    const { endpoint } = this;
    if (endpoint === null) return;
    this.#pending = null;
    this.#isHolding = false;
    this.#endBudgeted();
    const nowMs = this.#parts.clock.nowMs();
    const durationMs = nowMs - this.#startedMs;
    this.#blame(endpoint, cause, durationMs, nowMs);
    this.failedDials = [...this.failedDials, { endpoint: endpoint.name, cause, detail, durationMs }];
    this.#tried.push(endpoint);
    this.#retry(cause, detail, nowMs);
  }

  #blame(endpoint: Endpoint, cause: Cause, durationMs: number, nowMs: number): void {
    const { state, facts } = endpoint;
    if (!errorRow(cause).isBlamed) return state.requestAbandoned(0, 0);
    state.requestFinished(0, durationMs, true, 0, 0, nowMs);
    endpoint.attempted(false);
    if (state.failuresInRow % facts.suspectAfter === 0) this.#parts.onSuspect(facts.key);
  }

  #retry(cause: Cause, detail: string, nowMs: number): void {
    const { pool } = this.#parts;
    const { attemptsMax, on } = pool.settings.retry;
    if (this.#attemptCount >= attemptsMax || !on.has("connect")) return this.#parts.onFailed(cause, detail);
    if (!pool.budget.tryStart(nowMs)) return this.#parts.onFailed(cause, `${detail} (retry budget spent)`);
    this.#isBudgeted = true;
    this.endpoint?.state.count("retries");
    const delayMs = pool.backoffMs(this.#attemptCount);
    if (delayMs === 0) this.#next();
    else this.#backoff.set(delayMs);
  }

  #next(): void {
    const { pool, key, clock } = this.#parts;
    const choice = this.#takeEndpoint(pool, key);
    if (typeof choice === "string") {
      this.#endBudgeted();
      const last = this.failedDials.at(-1);
      return this.#parts.onFailed(last?.cause ?? choice, last?.detail ?? "");
    }
    this.endpoint = choice;
    this.#isHolding = true;
    this.#attemptCount++;
    this.#startedMs = clock.nowMs();
    this.#pending = choice.connections.dial(this);
  }

  /** An endpoint with a place taken on it. */
  #takeEndpoint(pool: Pool, key: string): Endpoint | Cause {
    for (;;) {
      const choice = pool.select(key, this.#tried);
      // Another worker may have taken the last place since the policy looked.
      if (typeof choice === "string" || choice.tryStart()) return choice;
      this.#tried.push(choice);
    }
  }

  #endBudgeted(): void {
    if (this.#isBudgeted) this.#parts.pool.budget.finished();
    this.#isBudgeted = false;
  }
}
