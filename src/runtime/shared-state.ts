/**
 * All state that outlives a configuration, by identity: each endpoint's shared memory, each pool's
 * version, each listener's counters. A reload keeps what keeps its identity and drops the rest.
 */
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import { EndpointState } from "../upstream/endpoint-state.ts";
import { RetryBudget } from "../upstream/retry-budget.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { ListenerCounters } from "./listener-counters.ts";
import { endpointKey } from "./snapshot.ts";

export interface SharedEndpoint {
  readonly key: string;
  readonly pool: string;
  readonly config: EndpointConfig;
  readonly state: EndpointState;
}

export interface SharedPool {
  readonly version: PoolVersion;
  readonly budget: RetryBudget;
  readonly endpoints: readonly SharedEndpoint[];
}

export class SharedState {
  readonly #workerCount: number;
  #pools = new Map<string, SharedPool>();
  #listeners = new Map<string, ListenerCounters>();

  constructor(workerCount: number) {
    this.#workerCount = workerCount;
  }

  get pools(): ReadonlyMap<string, SharedPool> {
    return this.#pools;
  }

  get listeners(): ReadonlyMap<string, ListenerCounters> {
    return this.#listeners;
  }

  *endpoints(): Iterable<SharedEndpoint> {
    for (const pool of this.#pools.values()) yield* pool.endpoints;
  }

  find(pool: string, name: string): SharedEndpoint | undefined {
    return this.#pools.get(pool)?.endpoints.find((endpoint) => endpoint.config.name === name);
  }

  /** Adopts a configuration; returns a function that goes back to what was before. */
  adopt(config: Config): () => void {
    const before = { pools: this.#pools, listeners: this.#listeners };
    const known = new Map([...this.endpoints()].map((endpoint) => [endpoint.key, endpoint]));
    this.#pools = new Map(
      Object.entries(config.pools).map(([name, pool]) => {
        const version = before.pools.get(name)?.version ?? new PoolVersion();
        const endpoints = pool.endpoints.map((endpoint) => this.#adoptEndpoint(name, endpoint, known));
        const budget = before.pools.get(name)?.budget ?? RetryBudget.create(this.#workerCount, pool.retry.budget);
        return [name, { version, budget, endpoints }];
      }),
    );
    this.#listeners = new Map(
      config.listeners.map(({ name }) => [name, before.listeners.get(name) ?? ListenerCounters.create(this.#workerCount)]),
    );
    return () => {
      this.#pools = before.pools;
      this.#listeners = before.listeners;
    };
  }

  /** Writes what the configuration says about its endpoints into their shared state. */
  publish(): void {
    for (const { version, endpoints } of this.#pools.values()) {
      for (const { config, state } of endpoints) {
        state.setWeight(config.weight);
        state.setLimits(limitWord(config.maxRequests), limitWord(config.maxConnections));
        state.setStatus("draining", config.state === "draining");
        state.setStatus("maintenance", config.state === "maintenance");
      }
      version.bump();
    }
  }

  /** After a worker died: what it held is given back. */
  releaseWorker(workerIndex: number): void {
    for (const { state } of this.endpoints()) state.releaseWorker(workerIndex);
    for (const counters of this.#listeners.values()) counters.releaseWorker(workerIndex);
    for (const { version, budget } of this.#pools.values()) {
      budget.releaseWorker(workerIndex);
      version.bump();
    }
  }

  #adoptEndpoint(pool: string, config: EndpointConfig, known: Map<string, SharedEndpoint>): SharedEndpoint {
    const key = endpointKey(pool, config.name, config.url);
    const state = known.get(key)?.state ?? EndpointState.create(this.#workerCount);
    return { key, pool, config, state };
  }
}

function limitWord(limit: number): number {
  return limit === Number.POSITIVE_INFINITY ? 0 : limit;
}
