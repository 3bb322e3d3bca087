/**
 * Which way requests took: from which listener to which route, and from which route to which pool, for
 * the dashboard's map. One row of counts per worker, each written by its worker alone. When names change
 * it begins anew: readers look at growth only.
 *
 *   worker 0 │ listeners × routes │ routes × pools │
 *   worker 1 │ …
 */

export interface FlowNames {
  readonly listeners: readonly string[];
  readonly routes: readonly string[];
  readonly pools: readonly string[];
}

/** Fit for a message between threads. */
export interface SharedFlows {
  readonly names: FlowNames;
  readonly buffer: SharedArrayBuffer;
}

/** Per worker, 4 bytes each; a configuration with more ways than that has none counted. */
const cellsMax = 1_000_000;

export class FlowBlock {
  readonly shared: SharedFlows;
  readonly #listeners: ReadonlyMap<string, number>;
  readonly #routes: ReadonlyMap<string, number>;
  readonly #pools: ReadonlyMap<string, number>;
  /** All workers' cells. */
  readonly #cells: Uint32Array;
  readonly #rowCells: number;
  readonly #start: number;
  /** The way counted last, and its cells; -1 where there is none. */
  readonly #last = { listener: "", route: "", pool: "", arrival: -1, departure: -1 };

  constructor(shared: SharedFlows, workerIndex: number) {
    const { names, buffer } = shared;
    this.shared = shared;
    this.#listeners = placesOf(names.listeners);
    this.#routes = placesOf(names.routes);
    this.#pools = placesOf(names.pools);
    this.#cells = new Uint32Array(buffer);
    this.#rowCells = cellsFor(names);
    this.#start = workerIndex * this.#rowCells;
  }

  static create(names: FlowNames, workerCount: number): FlowBlock {
    const buffer = new SharedArrayBuffer(cellsFor(names) * workerCount * 4);
    return new FlowBlock({ names, buffer }, 0);
  }

  /**
   * On the request path. A name that is not known is not counted. Most requests go the way of the one
   * before, which saves the look-ups (bench/exchange-counters.ts).
   */
  add(listenerName: string, routeName: string, poolName: string): void {
    const last = this.#last;
    if (listenerName !== last.listener || routeName !== last.route || poolName !== last.pool) {
      this.#turnTo(listenerName, routeName, poolName);
    }
    if (last.arrival >= 0) this.#cells[last.arrival] = this.#cells[last.arrival]! + 1;
    if (last.departure >= 0) this.#cells[last.departure] = this.#cells[last.departure]! + 1;
  }

  /** Requests of a route that came in at a listener, wrapping at 2^32; over all workers. */
  readArrivals(listenerName: string, routeName: string): number {
    const [listener, route] = [this.#listeners.get(listenerName), this.#routes.get(routeName)];
    if (listener === undefined || route === undefined) return 0;
    return this.#sum(listener * this.#routes.size + route);
  }

  /** Requests of a route that went to a pool. */
  readDepartures(routeName: string, poolName: string): number {
    const [route, pool] = [this.#routes.get(routeName), this.#pools.get(poolName)];
    if (route === undefined || pool === undefined) return 0;
    return this.#sum(this.#arrivals + route * this.#pools.size + pool);
  }

  /** Cells before those of departures. */
  get #arrivals(): number {
    return this.#listeners.size * this.#routes.size;
  }

  #turnTo(listenerName: string, routeName: string, poolName: string): void {
    const last = this.#last;
    last.listener = listenerName;
    last.route = routeName;
    last.pool = poolName;
    const listener = this.#listeners.get(listenerName) ?? -1;
    const route = this.#rowCells === 0 ? -1 : (this.#routes.get(routeName) ?? -1);
    const pool = this.#pools.get(poolName) ?? -1;
    last.arrival = listener < 0 || route < 0 ? -1 : this.#start + listener * this.#routes.size + route;
    last.departure =
      pool < 0 || route < 0 ? -1 : this.#start + this.#arrivals + route * this.#pools.size + pool;
  }

  #sum(cell: number): number {
    if (this.#rowCells === 0) return 0;
    let sum = 0;
    for (let place = cell; place < this.#cells.length; place += this.#rowCells) sum += this.#cells[place]!;
    return sum >>> 0;
  }
}

function cellsFor({ listeners, routes, pools }: FlowNames): number {
  const cells = routes.length * (listeners.length + pools.length);
  return cells <= cellsMax ? cells : 0;
}

function placesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, place) => [name, place]));
}
