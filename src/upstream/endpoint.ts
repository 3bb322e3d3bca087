/**
 * One endpoint as one worker sees it: what the user wrote, the state shared with the other workers,
 * and this worker's connections. It satisfies the balancing policies' Candidate with live numbers.
 */
import type { Candidate } from "../balancing/policy.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Dialer } from "../core/transport.ts";
import { ConnectionPool, type ConnectionPoolSettings } from "./connection-pool.ts";
import type { EndpointState } from "./endpoint-state.ts";

export interface EndpointSettings {
  /** What logs, metrics and hash policies call it. */
  readonly name: string;
  /** As configured, for people. */
  readonly url: string;
  /** Tier of priority: 0 is served first, backups stand in later tiers. */
  readonly tier: number;
  /** Host field sent to it; null passes on the client's. */
  readonly hostHeader: string | null;
  /** Host field when the client sent none (HTTP/1.0). */
  readonly fallbackHost: string;
  readonly connections: ConnectionPoolSettings;
}

export class Endpoint implements Candidate {
  readonly settings: EndpointSettings;
  readonly state: EndpointState;
  readonly connections: ConnectionPool;
  readonly #clock: Clock;

  constructor(settings: EndpointSettings, state: EndpointState, dialer: Dialer, clock: Clock, deadlines: Deadlines) {
    this.settings = settings;
    this.state = state;
    this.#clock = clock;
    this.connections = new ConnectionPool(settings.connections, dialer, deadlines, state);
  }

  get name(): string {
    return this.settings.name;
  }
  get weight(): number {
    return this.state.weight;
  }
  get activeRequests(): number {
    return this.state.activeRequests;
  }
  get peakLatencyMs(): number | null {
    return this.state.peakLatencyMs(this.#clock.nowMs());
  }
  get meanLatencyMs(): number | null {
    return this.state.meanLatencyMs(this.#clock.nowMs());
  }
  get isEligible(): boolean {
    return this.state.isEligible;
  }
  get isFull(): boolean {
    return this.state.isFull;
  }
}
