/**
 * The pools of one data plane. A new snapshot rebuilds pools, which are cheap, and keeps endpoints
 * whose identity and connection settings are the same, with their pooled connections. Endpoints that
 * are gone finish what they have.
 */
import type { PoolConfig } from "../config/schema-pool.ts";
import { assert } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import type { Cause } from "../core/errors.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Random } from "../core/random.ts";
import type { Dialer, DialTarget } from "../core/transport.ts";
import { MaxFails } from "../health/max-fails.ts";
import { ProtectionCounts } from "../limits/protection-counts.ts";
import { countedCheck } from "./counted-check.ts";
import { Endpoint, type EndpointFacts, type PassiveCheck } from "../upstream/endpoint.ts";
import { EndpointState } from "../upstream/endpoint-state.ts";
import { Pool } from "../upstream/pool.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { RequestQueue } from "../upstream/request-queue.ts";
import { RetryBudget } from "../upstream/retry-budget.ts";
import { connectionSettings, endpointFacts, poolSettings } from "./endpoint-settings.ts";
import { createOverload } from "./overload.ts";
import { hedgeDelay } from "./hedge-delay.ts";
import { policyFrom } from "./policy-factory.ts";
import type { PolicyModule } from "./policy-modules.ts";
import type { EndpointSnapshot, PoolSnapshot, Snapshot } from "./snapshot.ts";
import type { StatsSource } from "./stats.ts";
import { createSticky } from "./sticky.ts";
import { Subsets } from "../upstream/subsets.ts";

export interface PoolRegistryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlines: Deadlines;
  readonly dialer: Dialer;
  readonly workerIndex: number;
}

/** Other workers free places, and endpoints recover, without a word to those who wait here. */
const queueLookMs = 10;
/** Subsets that routes ask for by label; templates may ask for any number. */
const subsetSettings = { whenEmpty: "none", subsetsMax: 64 } as const;

interface KnownEndpoint {
  readonly endpoint: Endpoint;
  /** What would force new connections if it changed. */
  readonly settingsText: string;
}

export class PoolRegistry {
  readonly #parts: PoolRegistryParts;
  #endpoints = new Map<string, KnownEndpoint>();
  /** Gone, or replaced, and not yet finished with what they had. */
  #leaving: Endpoint[] = [];
  #pools = new Map<string, Subsets<Endpoint, Pool>>();
  #policyModules: ReadonlyMap<string, PolicyModule> = new Map();
  readonly #queues = new Map<string, { size: number; timeoutMs: number; queue: RequestQueue }>();

  constructor(parts: PoolRegistryParts) {
    this.#parts = parts;
  }

  apply(snapshot: Snapshot, policyModules: ReadonlyMap<string, PolicyModule>): void {
    this.#policyModules = policyModules;
    const endpoints = new Map<string, KnownEndpoint>();
    const pools = new Map<string, Subsets<Endpoint, Pool>>();
    for (const [name, config] of Object.entries(snapshot.config.pools)) {
      const shared = snapshot.pools[name];
      assert(shared !== undefined, "a snapshot has shared memory for each pool");
      const build = this.#poolBuilder(name, config, snapshot, shared, endpoints);
      pools.set(name, new Subsets(build.endpoints, subsetSettings, build.create));
    }
    for (const [key, known] of this.#endpoints) {
      if (endpoints.get(key)?.endpoint === known.endpoint) continue;
      known.endpoint.connections.close();
      this.#leaving.push(known.endpoint);
    }
    this.#leaving = this.#leaving.filter(({ connections }) => !connections.isEmpty);
    this.#endpoints = endpoints;
    this.#pools = pools;
  }

  pool(name: string): Pool {
    return this.#subsets(name).whole;
  }

  /** The pool's endpoints that carry these labels; a pool without endpoints if nobody does. */
  subset(name: string, labels: Readonly<Record<string, string>>): Pool {
    const subsets = this.#subsets(name);
    return subsets.find(labels) ?? subsets.none;
  }

  #subsets(name: string): Subsets<Endpoint, Pool> {
    const pool = this.#pools.get(name);
    assert(pool !== undefined, `the configuration was checked for pool ${name}`);
    return pool;
  }

  /** Null while the configuration that names it is being made current. */
  find(name: string): Pool | null {
    return this.#pools.get(name)?.whole ?? null;
  }

  statsSources(): { name: string; endpoints: StatsSource[] }[] {
    return [...this.#pools.values()].map(({ whole }) => ({
      name: whole.settings.name,
      endpoints: whole.endpoints.map(({ facts, state }) => ({
        name: facts.name,
        url: facts.url,
        isBackup: facts.tier > 0,
        state,
      })),
    }));
  }

  setTargets(key: string, targets: readonly DialTarget[]): void {
    const known = this.#endpoints.get(key);
    if (known !== undefined) known.endpoint.connections.targets = targets;
  }

  /** Ends whatever an endpoint still has. */
  breakOff(key: string, cause: Cause): void {
    const leaving = this.#leaving.filter(({ facts }) => facts.key === key);
    const known = this.#endpoints.get(key)?.endpoint;
    for (const { connections } of known === undefined ? leaving : [known, ...leaving])
      connections.breakOff(cause);
  }

  /** Lets no connection idle any longer. */
  close(): void {
    for (const { endpoint } of this.#endpoints.values()) endpoint.connections.close();
  }

  /** What makes a pool of all endpoints or of some: they share everything but policies and bindings. */
  #poolBuilder(
    name: string,
    config: PoolConfig,
    snapshot: Snapshot,
    shared: PoolSnapshot,
    kept: Map<string, KnownEndpoint>,
  ): { endpoints: readonly Endpoint[]; create: (members: readonly Endpoint[]) => Pool } {
    const { clock, random, workerIndex } = this.#parts;
    const version = new PoolVersion(shared.version);
    const protections = ProtectionCounts.attach(shared.protections, workerIndex);
    const numbers = new Map<Endpoint, number>();
    const endpoints = config.endpoints.map((endpoint, index) => {
      const endpointSnapshot = shared.endpoints[index];
      assert(endpointSnapshot !== undefined, "a snapshot has shared memory for each endpoint");
      const known = this.#keepOrCreate(
        endpointSnapshot,
        endpointFacts(endpointSnapshot.key, endpoint, config),
        config,
      );
      kept.set(endpointSnapshot.key, known);
      known.endpoint.passiveCheck = passiveCheck(known.endpoint, config, protections);
      numbers.set(known.endpoint, endpointSnapshot.number);
      return known.endpoint;
    });
    const { queue, hedge } = config;
    const settings = poolSettings(name, config, snapshot.config.zone);
    const waitingLine =
      queue === null || queue.mode === "observe" ? null : this.#queue(name, queue.size, queue.timeout);
    // The memory may be another since the last snapshot.
    if (waitingLine !== null) waitingLine.onLength = (length) => protections.setWaiting(length);
    protections.setWaiting(waitingLine?.length ?? 0);
    const common = {
      version,
      random,
      protections,
      budget: RetryBudget.attach(shared.budget, workerIndex, config.retry.budget),
      queue: waitingLine,
      overload: createOverload(config, shared, endpoints, this.#parts),
      hedgeDelayMs:
        hedge === null
          ? () => null
          : hedgeDelay({ percentile: hedge.percentile / 100, delayMinMs: hedge.delayMin }, endpoints, clock),
    };
    const policyModule = this.#policyModules.get(name) ?? null;
    const create = (members: readonly Endpoint[]): Pool => {
      const isWhole = members.length === endpoints.length;
      // Turns are taken over all workers; those of a subset in each worker by itself.
      const cursor = isWhole ? version : new PoolVersion();
      const ownNumbers = isWhole
        ? numbers
        : new Map([...numbers].filter(([member]) => members.includes(member)));
      return new Pool(settings, {
        ...common,
        endpoints: members,
        sticky: createSticky(name, config, shared.sticky, ownNumbers),
        createPolicy: () => policyFrom(config.policy, { random, cursor }, policyModule),
      });
    };
    return { endpoints, create };
  }

  /** Who waits in a pool's queue goes on waiting over a reload that leaves the queue's settings alone. */
  #queue(pool: string, size: number, timeoutMs: number): RequestQueue {
    const known = this.#queues.get(pool);
    if (known?.size === size && known.timeoutMs === timeoutMs) return known.queue;
    known?.queue.close();
    const queue = new RequestQueue({ size, timeoutMs, lookEveryMs: queueLookMs }, this.#parts.clock);
    this.#queues.set(pool, { size, timeoutMs, queue });
    return queue;
  }

  #keepOrCreate(snapshot: EndpointSnapshot, facts: EndpointFacts, config: PoolConfig): KnownEndpoint {
    const settings = connectionSettings(config, snapshot.tls);
    const settingsText = JSON.stringify(settings);
    const known = this.#endpoints.get(snapshot.key);
    if (known?.settingsText === settingsText && known.endpoint.state.buffer === snapshot.state) {
      known.endpoint.facts = facts;
      known.endpoint.connections.targets = snapshot.targets;
      return known;
    }
    const { dialer, clock, deadlines, workerIndex } = this.#parts;
    const state = EndpointState.attach(snapshot.state, workerIndex);
    const endpoint = new Endpoint(facts, settings, state, dialer, clock, deadlines);
    endpoint.connections.targets = snapshot.targets;
    return { endpoint, settingsText };
  }
}

/** nginx never asks when a group has a single server. */
function passiveCheck(
  endpoint: Endpoint,
  { maxFails, endpoints }: PoolConfig,
  protections: ProtectionCounts,
): PassiveCheck | null {
  if (maxFails === null || endpoints.length === 1) return null;
  const record = new MaxFails(endpoint.state.maxFailsWords, {
    maxFails: maxFails.fails,
    failTimeoutSeconds: Math.ceil(maxFails.timeout / 1000),
  });
  return countedCheck(record, maxFails.mode, protections);
}
