/**
 * A pool: equivalent endpoints, who of them is eligible, and the policies that pick among them, one per
 * group of eligibility. It also keeps what belongs to all its requests: the queue, the retry budget.
 */
import { isUsable, type Policy } from "../balancing/policy.ts";
import type { Cause } from "../core/errors.ts";
import { randomBelow, type Random } from "../core/random.ts";
import { Eligibility, type EligibilitySettings, type EligibleGroup } from "./eligibility.ts";
import type { Endpoint } from "./endpoint.ts";
import type { PoolVersion } from "./pool-version.ts";
import type { PriorityClass, RequestQueue } from "./request-queue.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Sticky } from "./sticky/sticky.ts";

/** No connection; closed before an answer; no answer in time. */
export type RetryCondition = "connect" | "reset" | "timeout";

export interface RetrySettings {
  /** Attempts in all, the first included. */
  readonly attemptsMax: number;
  /** Largest request body kept for another attempt. */
  readonly replayBytesMax: number;
  /** Kinds of failure worth another attempt. */
  readonly on: ReadonlySet<RetryCondition>;
  /** Statuses of responses that are thrown away for another attempt, while one is left. */
  readonly statuses: ReadonlySet<number>;
  /** The same of gRPC calls that ended without a message; their owners have said that they may be repeated. */
  readonly grpcStatuses: ReadonlySet<number>;
  /** Retry POST, PATCH and the like after they were sent; a hazard the user spelled out. */
  readonly isNonIdempotentAllowed: boolean;
  /** Deadline of one attempt up to the response head; Infinity for none. */
  readonly attemptTimeoutMs: number;
  /** Mean wait before the second retry; the first follows at once. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Leave an endpoint alone for as long as its Retry-After says. */
  readonly isRetryAfterRespected: boolean;
}

/** What a pool counts when it acts, or would have. */
export type PoolProtection = "queue" | "hedge" | "panic" | "zones" | "retry-budget";

export interface ProtectionSink {
  count(protection: PoolProtection, mode: "enforce" | "observe"): void;
}

export interface PoolSettings {
  readonly name: string;
  /** Protections that act on nothing and are only counted. */
  readonly observed: ReadonlySet<PoolProtection>;
  /** Our own zone while its preference is only observed; null otherwise. */
  readonly observedZone: string | null;
  readonly retry: RetrySettings;
  readonly eligibility: EligibilitySettings;
}

/** What protects a pool from more than it can do. Injected, because limits stand beside this folder. */
export interface Overload {
  /** Null when the request may go on; `finished` must follow then. */
  admit(importance: PriorityClass): OverloadRefusal | null;
  /** `isSample`: its latency says something about the pool. */
  finished(startedMs: number, isSample: boolean): void;
}

export interface OverloadRefusal {
  readonly cause: Cause;
  readonly retryAfterSeconds: number;
}

export interface PoolParts {
  readonly protections: ProtectionSink;
  readonly overload: Overload | null;
  /** Null when clients are not bound. */
  readonly sticky: Sticky<Endpoint> | null;
  readonly endpoints: readonly Endpoint[];
  readonly version: PoolVersion;
  readonly random: Random;
  readonly budget: RetryBudget;
  /** Delay after which slow reads are raced, worked out anew now and then; null for never. */
  hedgeDelayMs(): number | null;
  /** Null when requests do not wait. */
  readonly queue: RequestQueue | null;
  createPolicy(): Policy;
}

export class Pool {
  readonly settings: PoolSettings;
  readonly endpoints: readonly Endpoint[];
  readonly budget: RetryBudget;
  readonly queue: RequestQueue | null;
  readonly overload: Overload | null;
  readonly sticky: Sticky<Endpoint> | null;
  readonly #random: Random;
  readonly #parts: PoolParts;
  readonly #eligibility: Eligibility<Endpoint>;
  readonly #policies: readonly Policy[];
  /** Some tier ignores health, or would. */
  #isPanicking = false;
  /** Somebody in the observed zone could serve. */
  #hasLocal = false;

  constructor(settings: PoolSettings, parts: PoolParts) {
    this.settings = settings;
    this.endpoints = parts.endpoints;
    this.budget = parts.budget;
    this.queue = parts.queue;
    this.overload = parts.overload;
    this.sticky = parts.sticky;
    this.#random = parts.random;
    this.#parts = parts;
    this.#eligibility = new Eligibility(parts.endpoints, settings.eligibility, parts.version);
    this.#policies = this.#eligibility.groups.map((group) => {
      const policy = parts.createPolicy();
      policy.build?.(group.members);
      return policy;
    });
  }

  /** Does the policy want a key for each request? */
  get needsKey(): boolean {
    return this.#policies[0]?.needsKey === true;
  }

  get eligibility(): Eligibility<Endpoint> {
    return this.#eligibility;
  }

  get policies(): readonly Policy[] {
    return this.#policies;
  }

  /** The endpoint for the next attempt, or why there is none. */
  select(key: string, tried: readonly Endpoint[]): Endpoint | Cause {
    if (this.#eligibility.refresh()) this.#lookForProtections();
    const { groups } = this.#eligibility;
    const drawn = groups.length === 1 ? 0 : this.#eligibility.draw(this.#random.next());
    if (this.#isPanicking) this.count("panic");
    const chosen = this.#pick(drawn, key, tried);
    if (chosen !== null) {
      if (groups.length > 1 || this.#hasLocal) this.#countZone(groups[drawn], chosen);
      return chosen;
    }
    for (let index = 0; index < groups.length; index++) {
      const endpoint = index === drawn ? null : this.#pick(index, key, tried);
      if (endpoint !== null) return endpoint;
    }
    return tried.length === 0 ? this.#lastResort() : "no-endpoint";
  }

  /** Could a request that was at `tried` go to anybody else? */
  hasOther(tried: readonly Endpoint[]): boolean {
    return this.#eligibility.groups.some(({ eligible }) =>
      eligible.some((endpoint) => isUsable(endpoint, tried)),
    );
  }

  /** Is there anybody else whose latest request went well? */
  hasSound(tried: readonly Endpoint[]): boolean {
    return this.#eligibility.groups.some(({ eligible }) =>
      eligible.some((endpoint) => endpoint.state.failuresInRow === 0 && isUsable(endpoint, tried)),
    );
  }

  /**
   * Nobody is free: whoever of those that asked to be left alone has least to do, so that not one of them
   * bears it all, or why nobody can serve.
   */
  #lastResort(): Endpoint | Cause {
    let cause: Cause = "no-endpoint";
    for (const { eligible } of this.#eligibility.groups) {
      const resting = this.#leastLoaded(eligible);
      if (resting !== null) return resting;
      for (const { state, isPenalized } of eligible) {
        if (state.isFull || !isPenalized) cause = "pool-full";
        else if (cause === "no-endpoint") cause = "max-fails";
      }
    }
    return cause;
  }

  /** Among those who rest, by requests per weight; of equals any. */
  #leastLoaded(eligible: readonly Endpoint[]): Endpoint | null {
    let best: Endpoint | null = null;
    let least = Number.POSITIVE_INFINITY;
    let equals = 0;
    for (const endpoint of eligible) {
      if (endpoint.state.isFull || endpoint.isPenalized || !endpoint.isResting) continue;
      const load = endpoint.activeRequests / endpoint.weight;
      if (load < least) equals = 0;
      if (load > least || this.#random.next() * ++equals >= 1) continue;
      best = endpoint;
      least = load;
    }
    return best;
  }

  hedgeDelayMs(): number | null {
    return this.#parts.hedgeDelayMs();
  }

  isObserved(protection: PoolProtection): boolean {
    return this.settings.observed.has(protection);
  }

  /** A protection acted; or, when it is only observed, would have. */
  count(protection: PoolProtection): void {
    this.#parts.protections.count(protection, this.isObserved(protection) ? "observe" : "enforce");
  }

  /** Leave for one more attempt, from the retry budget; `budget.finished` must follow if it is given. */
  tryStartRetry(nowMs: number): boolean {
    if (this.budget.tryStart(nowMs)) return true;
    this.count("retry-budget");
    if (!this.isObserved("retry-budget")) return false;
    this.budget.start(nowMs);
    return true;
  }

  /** Wait before the retry of that number (1 is the first, which does not wait), drawn at random. */
  backoffMs(retryNumber: number): number {
    const { backoffBaseMs, backoffMaxMs } = this.settings.retry;
    if (retryNumber <= 1 || backoffBaseMs === 0) return 0;
    const longest = Math.min(backoffMaxMs, backoffBaseMs * 2 ** (retryNumber - 1));
    return randomBelow(this.#random, Math.max(1, Math.round(longest)));
  }

  #lookForProtections(): void {
    const { observedZone } = this.settings;
    this.#isPanicking = this.#eligibility.groups.some(({ wouldPanic }) => wouldPanic);
    this.#hasLocal =
      observedZone !== null &&
      this.#eligibility.groups.some(({ eligible }) => eligible.some(({ zone }) => zone === observedZone));
  }

  /** Kept in our own zone; or, when that is only observed, sent elsewhere although it could have been. */
  #countZone(group: EligibleGroup<Endpoint> | undefined, chosen: Endpoint): void {
    if (group?.place === "same-zone") this.count("zones");
    else if (this.#hasLocal && chosen.zone !== this.settings.observedZone) this.count("zones");
  }

  #pick(index: number, key: string, tried: readonly Endpoint[]): Endpoint | null {
    const group = this.#eligibility.groups[index];
    const policy = this.#policies[index];
    if (group === undefined || policy === undefined || group.eligible.length === 0) return null;
    return policy.pick(group.eligible, key, tried);
  }
}
