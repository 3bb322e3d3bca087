/**
 * One endpoint as one worker sees it: what the user wrote, the state shared with the other workers,
 * and this worker's connections. It satisfies the balancing policies' Candidate with live numbers.
 */
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Dialer } from "../core/transport.ts";
import { ConnectionPool, type ConnectionPoolSettings } from "./connection-pool.ts";
import type { EligibilityMember } from "./eligibility.ts";
import type { EndpointState } from "./endpoint-state.ts";
import { IdleTime } from "./idle-time.ts";

/** nginx's passive check, kept by whoever judges traffic; see `health/max-fails.ts`. */
export interface PassiveCheck {
  isPenalized(nowSeconds: number): boolean;
  chosen(nowSeconds: number): void;
  failed(nowSeconds: number): void;
  succeeded(): void;
}

/** What may change without touching connections. */
export interface EndpointFacts {
  /** Identity over reloads and threads. */
  readonly key: string;
  /** What logs, metrics and hash policies call it. */
  readonly name: string;
  /** As configured, for people. */
  readonly url: string;
  /** Tier of priority: 0 is served first, backups stand in later tiers. */
  readonly tier: number;
  readonly zone: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** As configured, before slow start. */
  readonly weight: number;
  /** Host field sent to it; null passes on the client's. */
  readonly hostHeader: string | null;
  /** Host field when the client sent none (HTTP/1.0). */
  readonly fallbackHost: string;
  /** After every so many failures in a row somebody should look at it; Infinity for never. */
  readonly suspectAfter: number;
}

export class Endpoint implements EligibilityMember {
  /** Replaced by a reload that keeps the endpoint. */
  facts: EndpointFacts;
  /** Null unless the pool judges as nginx does. */
  passiveCheck: PassiveCheck | null = null;
  readonly state: EndpointState;
  readonly connections: ConnectionPool;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor(
    facts: EndpointFacts,
    connections: ConnectionPoolSettings,
    state: EndpointState,
    dialer: Dialer,
    clock: Clock,
    deadlines: Deadlines,
  ) {
    this.facts = facts;
    this.state = state;
    this.#clock = clock;
    this.#deadlines = deadlines;
    const idleTime = new IdleTime(state.idleTimeWords);
    this.connections = new ConnectionPool(connections, dialer, deadlines, state, clock, idleTime);
  }

  get name(): string {
    return this.facts.name;
  }
  /** Address and port as configured, or `unix:/path`. */
  get address(): string {
    return this.facts.url.replace(/^https?:\/\//, "");
  }
  get tier(): number {
    return this.facts.tier;
  }
  get zone(): string | null {
    return this.facts.zone;
  }
  get labels(): Readonly<Record<string, string>> {
    return this.facts.labels;
  }
  get nominalWeight(): number {
    return this.facts.weight;
  }
  get weight(): number {
    return this.state.weight;
  }
  get activeRequests(): number {
    return this.state.activeRequests;
  }
  // Averages fade over seconds, and policies ask for several at every pick: a tick's age does no harm.
  get peakLatencyMs(): number | null {
    return this.state.peakLatencyMs(this.#deadlines.recentMs);
  }
  get meanLatencyMs(): number | null {
    return this.state.meanLatencyMs(this.#deadlines.recentMs);
  }
  get isEligible(): boolean {
    return this.state.isEligible;
  }
  /** May a request that is bound to it go there? It may be draining; and rest, where nobody else may serve (`isForGood`). */
  canServeBound(isForGood: boolean): boolean {
    const isLeftAlone = !isForGood && this.isResting;
    return this.state.isReachable && !this.state.isFull && !this.isPenalized && !isLeftAlone;
  }
  /** Not taken out by hand. */
  get isInService(): boolean {
    return !this.state.hasStatus("draining") && !this.state.hasStatus("maintenance");
  }
  get isFull(): boolean {
    return this.state.isFull || this.isResting || this.isPenalized;
  }
  /** It failed as often as `maxFails` allows. */
  get isPenalized(): boolean {
    return this.passiveCheck !== null && this.passiveCheck.isPenalized(this.#nowSeconds());
  }
  /** It asked to be left alone for a while that is not over. */
  get isResting(): boolean {
    const { restUntilMs } = this.state;
    return restUntilMs > 0 && this.#clock.nowMs() < restUntilMs;
  }

  /** Counts a request unless the limit was reached meanwhile. */
  tryStart(): boolean {
    if (!this.state.tryStartRequest()) return false;
    this.passiveCheck?.chosen(this.#nowSeconds());
    return true;
  }

  /** For the passive check: an attempt was answered, or was not. */
  attempted(isAnswered: boolean): void {
    if (isAnswered) this.passiveCheck?.succeeded();
    else this.passiveCheck?.failed(this.#nowSeconds());
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000);
  }

  /** It asked to be left alone for so long (Retry-After). */
  rest(durationMs: number): void {
    const untilMs = this.#clock.nowMs() + durationMs;
    if (durationMs > 0) this.state.restUntilMs = Math.max(this.state.restUntilMs, untilMs);
  }
}
