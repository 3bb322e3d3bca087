/**
 * All state that outlives a configuration, by identity: each endpoint's shared memory, each pool's
 * version, each listener's counters. A reload keeps what keeps its identity and drops the rest.
 */
import type { Config } from "../config/schema.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ConnectionLimit } from "../limits/connection-limit.ts";
import { ProtectionCounts } from "../limits/protection-counts.ts";
import { endpointNumberMax } from "../limits/session-table.ts";
import type { RateLimiterShare } from "../limits/rate-limiter.ts";
import { type CountedNames, ExchangeCounters } from "../observability/exchange-counters.ts";
import type { ObservabilityShare } from "./observability-share.ts";
import { WorkerVitals } from "./observability-vitals.ts";
import { createOverloadShare, releaseOverload } from "./overload.ts";
import { isProtected } from "./protected-routes.ts";
import { createRateLimit, type RateLimitConfig, type RouteVerdicts, routeVerdicts } from "./rate-limits.ts";
import { createClientLimit, limitsClients } from "./client-connections.ts";
import type { OverloadShare, StickyShare } from "./snapshot.ts";
import { stickyShare } from "./sticky.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import { EndpointState } from "../upstream/endpoint-state.ts";
import { RetryBudget } from "../upstream/retry-budget.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { ListenerCounters } from "./listener-counters.ts";
import { endpointKey } from "./snapshot.ts";

export interface SharedEndpoint {
  readonly key: string;
  readonly number: number;
  readonly pool: string;
  readonly config: EndpointConfig;
  readonly state: EndpointState;
}

export interface SharedPool {
  readonly version: PoolVersion;
  readonly budget: RetryBudget;
  readonly overload: OverloadShare;
  /** What the overload memory was made for. */
  readonly overloadText: string;
  readonly sticky: StickyShare;
  readonly protections: ProtectionCounts;
  readonly endpoints: readonly SharedEndpoint[];
}

export interface SharedRateLimit {
  readonly text: string;
  readonly share: RateLimiterShare;
}

export class SharedState {
  /** What listeners, routes and pools saw. */
  readonly counters: ExchangeCounters;
  readonly vitals: WorkerVitals;
  #counted: CountedNames = { listeners: [], routes: [], pools: [] };
  readonly #workerCount: number;
  #pools = new Map<string, SharedPool>();
  #clientLimits = new Map<string, ConnectionLimit>();
  /** Of each route, by name. */
  #routes = new Map<string, ProtectionCounts>();
  #listeners = new Map<string, ListenerCounters>();
  #rateLimits = new Map<string, SharedRateLimit>();
  #rateVerdicts = new Map<string, RouteVerdicts>();
  #endpointCount = 0;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(workerCount: number, random: Random, clock: Clock) {
    this.counters = ExchangeCounters.create(workerCount);
    this.vitals = WorkerVitals.create(workerCount);
    this.#workerCount = workerCount;
    this.#random = random;
    this.#clock = clock;
  }

  get pools(): ReadonlyMap<string, SharedPool> {
    return this.#pools;
  }

  get rateLimits(): ReadonlyMap<string, SharedRateLimit> {
    return this.#rateLimits;
  }

  /** What the limits said, by route and limit. */
  get rateVerdicts(): ReadonlyMap<string, RouteVerdicts> {
    return this.#rateVerdicts;
  }

  /** Of the listeners that limit connections per client. */
  get clientLimits(): ReadonlyMap<string, ConnectionLimit> {
    return this.#clientLimits;
  }

  get routes(): ReadonlyMap<string, ProtectionCounts> {
    return this.#routes;
  }

  get listeners(): ReadonlyMap<string, ListenerCounters> {
    return this.#listeners;
  }

  /** What the workers' recorders attach to. */
  get observability(): ObservabilityShare {
    return { counters: this.counters.share(), vitals: this.vitals.buffer };
  }

  *endpoints(): Iterable<SharedEndpoint> {
    for (const pool of this.#pools.values()) yield* pool.endpoints;
  }

  find(pool: string, name: string): SharedEndpoint | undefined {
    return this.#pools.get(pool)?.endpoints.find((endpoint) => endpoint.config.name === name);
  }

  /** Adopts a configuration; returns a function that goes back to what was before. */
  adopt(config: Config): () => void {
    const before = {
      pools: this.#pools,
      routes: this.#routes,
      clientLimits: this.#clientLimits,
      listeners: this.#listeners,
      rateLimits: this.#rateLimits,
      rateVerdicts: this.#rateVerdicts,
    };
    const counted = this.#counted;
    const nextCounted = countedNames(config);
    // Old names keep their counts until the new configuration is in force.
    this.counters.setNames(bothOf(counted, nextCounted));
    this.#counted = nextCounted;
    const known = new Map([...this.endpoints()].map((endpoint) => [endpoint.key, endpoint]));
    this.#pools = new Map(
      Object.entries(config.pools).map(([name, pool]) => {
        const version = before.pools.get(name)?.version ?? new PoolVersion();
        const endpoints = pool.endpoints.map((endpoint) => this.#adoptEndpoint(name, endpoint, known));
        const budget =
          before.pools.get(name)?.budget ?? RetryBudget.create(this.#workerCount, pool.retry.budget);
        const overload = this.#overload(pool, before.pools.get(name));
        const sticky = stickyShare(pool, before.pools.get(name)?.sticky, this.#random);
        const protections = before.pools.get(name)?.protections ?? ProtectionCounts.create(this.#workerCount);
        return [name, { version, budget, ...overload, sticky, protections, endpoints }];
      }),
    );
    this.#routes = new Map(
      config.routes
        .filter(isProtected)
        .map(({ name }) => [name, before.routes.get(name) ?? ProtectionCounts.create(this.#workerCount)]),
    );
    this.#clientLimits = new Map(
      config.listeners
        .filter(limitsClients)
        .map((listener) => [
          listener.name,
          before.clientLimits.get(listener.name) ??
            createClientLimit(listener, this.#workerCount, this.#random),
        ]),
    );
    this.#listeners = new Map(
      config.listeners.map(({ name }) => [
        name,
        before.listeners.get(name) ?? ListenerCounters.create(this.#workerCount),
      ]),
    );
    this.#rateLimits = new Map(
      Object.entries(config.rateLimits).map(([name, limit]) => [
        name,
        this.#rateLimit(limit, before.rateLimits.get(name)),
      ]),
    );
    this.#rateVerdicts = routeVerdicts(config, before.rateVerdicts, this.#workerCount);
    return () => {
      this.#counted = counted;
      this.counters.setNames(counted);
      this.#rateLimits = before.rateLimits;
      this.#rateVerdicts = before.rateVerdicts;
      this.#pools = before.pools;
      this.#routes = before.routes;
      this.#clientLimits = before.clientLimits;
      this.#listeners = before.listeners;
    };
  }

  /** Writes what the configuration says about its endpoints into their shared state. */
  publish(): void {
    this.counters.setNames(this.#counted);
    for (const { version, endpoints } of this.#pools.values()) {
      for (const { config, state } of endpoints) {
        // While on probation an endpoint has a limit of its own.
        const requestsMax = state.hasStatus("probation") ? state.requestsMax : limitWord(config.maxRequests);
        state.setLimits(requestsMax, limitWord(config.maxConnections));
        state.setStatus("draining", config.state === "draining");
        state.setStatus("maintenance", config.state === "maintenance");
      }
      version.bump();
    }
  }

  /** After a worker died: what it held is given back. */
  releaseWorker(workerIndex: number): void {
    this.vitals.countRestart(workerIndex);
    for (const { state } of this.endpoints()) state.releaseWorker(workerIndex);
    for (const counters of this.#listeners.values()) counters.releaseWorker(workerIndex);
    for (const limit of this.#clientLimits.values()) limit.releaseWorker(workerIndex);
    for (const { version, budget, overload } of this.#pools.values()) {
      budget.releaseWorker(workerIndex);
      releaseOverload(overload, workerIndex);
      version.bump();
    }
  }

  #overload(pool: PoolConfig, before: SharedPool | undefined): Pick<SharedPool, "overload" | "overloadText"> {
    const overloadText = JSON.stringify([pool.concurrency, pool.shed]);
    if (before?.overloadText === overloadText) return { overload: before.overload, overloadText };
    return {
      overload: createOverloadShare(pool, this.#workerCount, this.#random, this.#clock.nowMs()),
      overloadText,
    };
  }

  #rateLimit(config: RateLimitConfig, before: SharedRateLimit | undefined): SharedRateLimit {
    const text = JSON.stringify(config);
    if (before?.text === text) return before;
    return { text, share: createRateLimit(config, this.#workerCount, this.#random, this.#clock.nowMs()) };
  }

  #adoptEndpoint(pool: string, config: EndpointConfig, known: Map<string, SharedEndpoint>): SharedEndpoint {
    const key = endpointKey(pool, config.name, config.url);
    const before = known.get(key);
    const state = before?.state ?? EndpointState.create(this.#workerCount);
    const number = before?.number ?? (this.#endpointCount++ % endpointNumberMax) + 1;
    return { key, number, pool, config, state };
  }
}

function limitWord(limit: number): number {
  return limit === Number.POSITIVE_INFINITY ? 0 : limit;
}

function countedNames({ listeners, routes, pools }: Config): CountedNames {
  return {
    listeners: listeners.map(({ name }) => name),
    routes: routes.map(({ name }) => name),
    pools: Object.keys(pools),
  };
}

function bothOf(one: CountedNames, other: CountedNames): CountedNames {
  return {
    listeners: [...new Set([...one.listeners, ...other.listeners])],
    routes: [...new Set([...one.routes, ...other.routes])],
    pools: [...new Set([...one.pools, ...other.pools])],
  };
}
