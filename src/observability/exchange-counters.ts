/**
 * Counts every finished exchange by listener, route and pool, its causes and its phases, in memory that
 * all workers share. The control plane makes it and reads it; each worker attaches and writes its own
 * rows. What an endpoint saw is counted in the endpoint's own state, not here.
 */
import type { Cause } from "../core/errors.ts";
import { CauseBlock, type CauseTotals } from "./counters/cause-block.ts";
import { FlowBlock, type SharedFlows } from "./counters/flow-block.ts";
import { PhaseBlock, type PhaseReadings } from "./counters/phase-block.ts";
import { TrafficBlock, type TrafficTotals } from "./counters/traffic-block.ts";

/** What is counted of an exchange; the proxy's record satisfies it. */
export interface CountedExchange {
  readonly listenerName: string;
  /** "" when no route matched. */
  readonly routeName: string;
  /** "" when no pool was involved. */
  readonly poolName: string;
  readonly status: number;
  readonly cause: Cause | null;
  /** All attempts, the one that answered and hedges included. */
  readonly attemptCount: number;
  readonly failedAttempts: readonly { readonly cause: Cause }[];
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  readonly durationMs: number;
  /** 0 when there was no wait. */
  readonly queueMs: number;
  /** Null when no connection was made. */
  readonly connectMs: number | null;
  /** Null when there was no head from upstream. */
  readonly firstByteMs: number | null;
  readonly isTunnel: boolean;
}

/** Everything that has counters; names are unique within their kind. */
export interface CountedNames {
  readonly listeners: readonly string[];
  readonly routes: readonly string[];
  readonly pools: readonly string[];
}

/** What a worker needs to attach; fit for a message between threads. */
export interface SharedExchangeCounters {
  readonly workerCount: number;
  readonly total: SharedArrayBuffer;
  readonly causes: SharedArrayBuffer;
  readonly listeners: ReadonlyMap<string, SharedArrayBuffer>;
  readonly routes: ReadonlyMap<string, SharedArrayBuffer>;
  readonly pools: ReadonlyMap<string, SharedPool>;
  readonly flows: SharedFlows;
}

interface SharedPool {
  readonly traffic: SharedArrayBuffer;
  readonly phases: SharedArrayBuffer;
}

interface PoolBlocks {
  readonly traffic: TrafficBlock;
  readonly phases: PhaseBlock;
}

export interface NamedTraffic {
  readonly name: string;
  readonly totals: TrafficTotals;
}

export interface PoolTraffic extends NamedTraffic {
  readonly phases: PhaseReadings;
}

export class ExchangeCounters {
  readonly #workerCount: number;
  readonly #workerIndex: number;
  readonly #total: TrafficBlock;
  readonly #causes: CauseBlock;
  #listeners: ReadonlyMap<string, TrafficBlock>;
  #routes: ReadonlyMap<string, TrafficBlock>;
  #pools: ReadonlyMap<string, PoolBlocks>;
  #flows: FlowBlock;
  #lastListenerName = "";
  #lastListener: TrafficBlock | undefined = undefined;

  private constructor(shared: SharedExchangeCounters, workerIndex: number) {
    const traffic = (buffer: SharedArrayBuffer): TrafficBlock => new TrafficBlock(buffer, workerIndex);
    this.#workerCount = shared.workerCount;
    this.#workerIndex = workerIndex;
    this.#total = traffic(shared.total);
    this.#causes = new CauseBlock(shared.causes, workerIndex);
    this.#listeners = mapped(shared.listeners, traffic);
    this.#routes = mapped(shared.routes, traffic);
    this.#pools = mapped(shared.pools, (pool) => ({
      traffic: traffic(pool.traffic),
      phases: new PhaseBlock(pool.phases, workerIndex),
    }));
    this.#flows = new FlowBlock(shared.flows, workerIndex);
  }

  /** For the control plane; writes as worker 0 if it writes at all. Has no names yet. */
  static create(workerCount: number): ExchangeCounters {
    const none = new Map<string, never>();
    const total = TrafficBlock.create(workerCount).buffer;
    const causes = CauseBlock.create(workerCount).buffer;
    const flows = FlowBlock.create({ listeners: [], routes: [], pools: [] }, workerCount).shared;
    const shared = { workerCount, total, causes, listeners: none, routes: none, pools: none, flows };
    return new ExchangeCounters(shared, 0);
  }

  /** The same counters as worker `workerIndex` (0 to workerCount − 1) writes them. */
  static attach(shared: SharedExchangeCounters, workerIndex: number): ExchangeCounters {
    return new ExchangeCounters(shared, workerIndex);
  }

  /**
   * For the control plane, at start and at every reload: names that stay keep their counts, new ones
   * begin at 0, others are let go. Workers then attach to what `share` gives.
   */
  setNames(names: CountedNames): void {
    const workers = this.#workerCount;
    const traffic = (): TrafficBlock => {
      return new TrafficBlock(TrafficBlock.create(workers).buffer, this.#workerIndex);
    };
    this.#listeners = kept(names.listeners, this.#listeners, traffic);
    this.#lastListenerName = "";
    this.#lastListener = undefined;
    this.#routes = kept(names.routes, this.#routes, traffic);
    this.#pools = kept(names.pools, this.#pools, () => ({
      traffic: traffic(),
      phases: new PhaseBlock(PhaseBlock.create(workers).buffer, this.#workerIndex),
    }));
    if (!haveSameNames(names, this.#flows.shared.names)) {
      this.#flows = new FlowBlock(FlowBlock.create(names, workers).shared, this.#workerIndex);
    }
  }

  share(): SharedExchangeCounters {
    return {
      workerCount: this.#workerCount,
      total: this.#total.buffer,
      causes: this.#causes.buffer,
      listeners: mapped(this.#listeners, (block) => block.buffer),
      routes: mapped(this.#routes, (block) => block.buffer),
      pools: mapped(this.#pools, ({ traffic, phases }) => ({
        traffic: traffic.buffer,
        phases: phases.buffer,
      })),
      flows: this.#flows.shared,
    };
  }

  // On the request path.

  /** Counts a finished exchange. A name that is not known (any more) counts in the total only. */
  exchangeFinished(exchange: CountedExchange): void {
    const { status, requestBodyBytes, responseBodyBytes, poolName } = exchange;
    const statusClass = status >= 100 && status < 600 ? (status / 100) | 0 : 0;
    this.#total.add(statusClass, requestBodyBytes, responseBodyBytes);
    this.#listener(exchange.listenerName)?.add(statusClass, requestBodyBytes, responseBodyBytes);
    if (exchange.routeName !== "") {
      this.#routes.get(exchange.routeName)?.add(statusClass, requestBodyBytes, responseBodyBytes);
    }
    if (exchange.cause !== null) this.#causes.addExchange(exchange.cause);
    this.#flows.add(exchange.listenerName, exchange.routeName, poolName);
    const pool = poolName === "" ? undefined : this.#pools.get(poolName);
    if (pool !== undefined) {
      pool.traffic.add(statusClass, requestBodyBytes, responseBodyBytes);
      addPhases(pool.phases, exchange);
    }
    if (exchange.attemptCount > 1 || exchange.failedAttempts.length > 0) this.#addAttempts(exchange, pool);
  }

  /** A head was refused before an exchange began. */
  headRefused(listenerName: string, cause: string): void {
    this.#total.addRefusedHead();
    this.#listener(listenerName)?.addRefusedHead();
    this.#causes.addExchange(cause);
  }

  /** Most exchanges come in where the one before did: saves a look-up (bench/exchange-counters.ts). */
  #listener(name: string): TrafficBlock | undefined {
    if (name !== this.#lastListenerName) {
      this.#lastListenerName = name;
      this.#lastListener = this.#listeners.get(name);
    }
    return this.#lastListener;
  }

  #addAttempts(exchange: CountedExchange, pool: PoolBlocks | undefined): void {
    for (const attempt of exchange.failedAttempts) this.#causes.addAttempt(attempt.cause);
    const retries = Math.max(0, exchange.attemptCount - 1);
    this.#total.addRetries(retries);
    pool?.traffic.addRetries(retries);
    this.#routes.get(exchange.routeName)?.addRetries(retries);
  }

  // For readers; these allocate.

  /** All exchanges since the start, whatever their names. */
  readTotal(): TrafficTotals {
    return this.#total.read();
  }

  readListeners(): readonly NamedTraffic[] {
    return named(this.#listeners);
  }

  readRoutes(): readonly NamedTraffic[] {
    return named(this.#routes);
  }

  readPools(): readonly PoolTraffic[] {
    return [...this.#pools].map(([name, { traffic, phases }]) => ({
      name,
      totals: traffic.read(),
      phases: phases.read(),
    }));
  }

  /** Which way requests took, since names last changed. */
  get flows(): Pick<FlowBlock, "readArrivals" | "readDepartures"> {
    return this.#flows;
  }

  /** Every cause of the error table, in its order. */
  readCauses(): readonly CauseTotals[] {
    return this.#causes.read();
  }
}

function addPhases(phases: PhaseBlock, exchange: CountedExchange): void {
  const { queueMs, connectMs, firstByteMs } = exchange;
  if (queueMs > 0) phases.record(0, queueMs);
  if (connectMs !== null) phases.record(1, connectMs);
  if (firstByteMs !== null) phases.record(2, firstByteMs);
  // How long a tunnel stood, or a client waited before it left, says nothing about the pool.
  if (!exchange.isTunnel && exchange.status !== 499) phases.record(3, exchange.durationMs);
}

function haveSameNames(one: CountedNames, other: CountedNames): boolean {
  const same = (kind: keyof CountedNames): boolean =>
    one[kind].length === other[kind].length && one[kind].every((name, place) => name === other[kind][place]);
  return same("listeners") && same("routes") && same("pools");
}

function mapped<From, To>(
  map: ReadonlyMap<string, From>,
  convert: (value: From) => To,
): ReadonlyMap<string, To> {
  return new Map([...map].map(([name, value]) => [name, convert(value)]));
}

function kept<Block>(
  names: readonly string[],
  before: ReadonlyMap<string, Block>,
  create: () => Block,
): ReadonlyMap<string, Block> {
  return new Map(names.map((name) => [name, before.get(name) ?? create()]));
}

function named(blocks: ReadonlyMap<string, TrafficBlock>): readonly NamedTraffic[] {
  return [...blocks].map(([name, block]) => ({ name, totals: block.read() }));
}
