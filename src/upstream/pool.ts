/**
 * A pool: equivalent endpoints and the policy that picks among them. The pool keeps the lists of
 * eligible endpoints per tier and rebuilds them when the shared version says that a state changed.
 */
import type { Policy } from "../balancing/policy.ts";
import type { Cause } from "../core/errors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { PoolVersion } from "./pool-version.ts";

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
  /** Retry POST, PATCH and the like after they were sent; a hazard the user spelled out. */
  readonly isNonIdempotentAllowed: boolean;
}

export interface PoolSettings {
  readonly name: string;
  readonly retry: RetrySettings;
}

interface Tier {
  readonly policy: Policy;
  readonly endpoints: readonly Endpoint[];
  eligible: readonly Endpoint[];
}

export class Pool {
  readonly settings: PoolSettings;
  readonly endpoints: readonly Endpoint[];
  readonly #tiers: readonly Tier[];
  readonly #version: PoolVersion;
  #seenVersion = -1;

  constructor(settings: PoolSettings, endpoints: readonly Endpoint[], createPolicy: () => Policy, version: PoolVersion) {
    this.settings = settings;
    this.endpoints = endpoints;
    this.#version = version;
    const tierNumbers = [...new Set(endpoints.map((endpoint) => endpoint.settings.tier))].sort((a, b) => a - b);
    this.#tiers = tierNumbers.map((number) => {
      const members = endpoints.filter((endpoint) => endpoint.settings.tier === number);
      const policy = createPolicy();
      policy.build?.(members);
      return { policy, endpoints: members, eligible: [] };
    });
  }

  /** Does the policy want a key for each request? */
  get needsKey(): boolean {
    return this.#tiers[0]?.policy.needsKey === true;
  }

  /** The endpoint for the next attempt, or why there is none. Lower tiers serve while upper ones cannot. */
  select(key: string, tried: readonly Endpoint[]): Endpoint | Cause {
    if (this.#version.current !== this.#seenVersion) this.#refresh();
    let hasEligible = false;
    for (let i = 0; i < this.#tiers.length; i++) {
      const tier = this.#tiers[i] as Tier;
      if (tier.eligible.length === 0) continue;
      hasEligible = true;
      const endpoint = tier.policy.pick(tier.eligible, key, tried);
      if (endpoint !== null) return endpoint;
    }
    return hasEligible && tried.length === 0 ? "pool-full" : "no-endpoint";
  }

  #refresh(): void {
    this.#seenVersion = this.#version.current;
    for (const tier of this.#tiers) {
      tier.eligible = tier.endpoints.filter((endpoint) => endpoint.isEligible && endpoint.weight > 0);
      tier.policy.build?.(tier.endpoints);
    }
  }
}
