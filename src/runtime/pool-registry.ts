/**
 * The pools of one data plane. A new snapshot rebuilds pools, which are cheap, and keeps endpoints
 * whose identity and connection settings are the same, with their pooled connections. Endpoints that
 * are gone finish what they have.
 */
import type { PolicyParts } from "../balancing/policy.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import { assert } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Random } from "../core/random.ts";
import type { Dialer, DialTarget } from "../core/transport.ts";
import { Endpoint } from "../upstream/endpoint.ts";
import { EndpointState } from "../upstream/endpoint-state.ts";
import { Pool } from "../upstream/pool.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { endpointSettings, poolSettings } from "./endpoint-settings.ts";
import { policyFrom } from "./policy-factory.ts";
import type { EndpointSnapshot, PoolSnapshot, Snapshot } from "./snapshot.ts";
import type { StatsSource } from "./stats.ts";

export interface PoolRegistryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlines: Deadlines;
  readonly dialer: Dialer;
  readonly workerIndex: number;
}

interface KnownEndpoint {
  readonly endpoint: Endpoint;
  /** What would force new connections if it changed. */
  readonly settingsText: string;
}

export class PoolRegistry {
  readonly #parts: PoolRegistryParts;
  #endpoints = new Map<string, KnownEndpoint>();
  #pools = new Map<string, Pool>();

  constructor(parts: PoolRegistryParts) {
    this.#parts = parts;
  }

  apply(snapshot: Snapshot): void {
    const endpoints = new Map<string, KnownEndpoint>();
    const pools = new Map<string, Pool>();
    for (const [name, config] of Object.entries(snapshot.config.pools)) {
      const shared = snapshot.pools[name];
      assert(shared !== undefined, "a snapshot has shared memory for each pool");
      pools.set(name, this.#buildPool(name, config, shared, endpoints));
    }
    for (const [key, known] of this.#endpoints) {
      if (endpoints.get(key)?.endpoint !== known.endpoint) known.endpoint.connections.close();
    }
    this.#endpoints = endpoints;
    this.#pools = pools;
  }

  pool(name: string): Pool {
    const pool = this.#pools.get(name);
    assert(pool !== undefined, `the configuration was checked for pool ${name}`);
    return pool;
  }

  statsSources(): { name: string; endpoints: StatsSource[] }[] {
    return [...this.#pools.values()].map((pool) => ({
      name: pool.settings.name,
      endpoints: pool.endpoints.map(({ settings, state }) => ({
        name: settings.name,
        url: settings.url,
        isBackup: settings.tier > 0,
        state,
      })),
    }));
  }

  setTargets(key: string, targets: readonly DialTarget[]): void {
    const known = this.#endpoints.get(key);
    if (known !== undefined) known.endpoint.connections.targets = targets;
  }

  /** Lets no connection idle any longer. */
  close(): void {
    for (const { endpoint } of this.#endpoints.values()) endpoint.connections.close();
  }

  #buildPool(name: string, config: PoolConfig, shared: PoolSnapshot, kept: Map<string, KnownEndpoint>): Pool {
    const version = new PoolVersion(shared.version);
    const endpoints = config.endpoints.map((endpoint, index) => {
      const snapshot = shared.endpoints[index];
      assert(snapshot !== undefined, "a snapshot has shared memory for each endpoint");
      const settings = endpointSettings(endpoint, config, snapshot.tls);
      const known = this.#keepOrCreate(snapshot, settings);
      kept.set(snapshot.key, known);
      return known.endpoint;
    });
    const parts: PolicyParts = { random: this.#parts.random, cursor: version };
    return new Pool(poolSettings(name, config), endpoints, () => policyFrom(config.policy, parts), version);
  }

  #keepOrCreate(snapshot: EndpointSnapshot, settings: ReturnType<typeof endpointSettings>): KnownEndpoint {
    const settingsText = JSON.stringify(settings);
    const known = this.#endpoints.get(snapshot.key);
    if (known?.settingsText === settingsText && known.endpoint.state.buffer === snapshot.state) {
      known.endpoint.connections.targets = snapshot.targets;
      return known;
    }
    const { dialer, clock, deadlines, workerIndex } = this.#parts;
    const state = EndpointState.attach(snapshot.state, workerIndex);
    const endpoint = new Endpoint(settings, state, dialer, clock, deadlines);
    endpoint.connections.targets = snapshot.targets;
    return { endpoint, settingsText };
  }
}
