/** The page's picture of the balancer: names, counts, and the rates between two messages. No browser here. */
import type {
  LiveHello,
  LiveNumbers,
  LiveRow,
  LiveStateRow,
  LiveStates,
  LiveTopology,
} from "../../admin/live/live-messages.ts";

/** A count that grows, and how fast. */
export class Counter {
  value = 0;
  /** Per second, smoothed over about two seconds. */
  rate = 0;
  /** Read twice, so that there is a rate. */
  hasRate = false;
  #isFresh = true;

  /** `seconds` since the count was true last. */
  read(value: number, seconds: number): void {
    if (this.#isFresh || value < this.value) this.#isFresh = false;
    else if (seconds > 0) {
      this.rate = smooth(this.rate, (value - this.value) / seconds, seconds);
      this.hasRate = true;
    }
    this.value = value;
    if (this.rate < 0.005) this.rate = 0;
  }
}

/** Milliseconds; null when nothing finished. */
export interface Latency {
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

export interface TrafficNow {
  readonly requests: Counter;
  readonly errors: Counter;
}

export interface ListenerNow extends TrafficNow {
  readonly name: string;
  readonly address: string;
  connections: number;
  refusedConnections: number;
  refusedHeads: number;
}

/** A way that requests take: from a listener to a route, or from a route to a pool. */
export interface WayNow {
  readonly kind: "arrival" | "departure";
  readonly from: string;
  readonly to: string;
  readonly requests: Counter;
}

export interface RouteNow extends TrafficNow {
  readonly name: string;
  readonly action: string;
  readonly pools: readonly string[];
}

export interface PoolNow extends TrafficNow {
  readonly name: string;
  readonly policy: string;
  readonly hasProbes: boolean;
  readonly endpoints: EndpointNow[];
  readonly latency: Latency;
  active: number;
}

export type EndpointState = LiveStateRow[1];

export interface EndpointNow {
  readonly pool: string;
  readonly name: string;
  readonly url: string;
  readonly configuredWeight: number;
  readonly isBackup: boolean;
  readonly requests: Counter;
  readonly failures: Counter;
  readonly errors: Counter;
  readonly latency: Omit<Latency, "p90">;
  active: number;
  state: EndpointState;
  setTo: LiveStateRow[2];
  isEligible: boolean;
  weight: number;
  /** What probes say; "" without probes. */
  reason: string;
  sinceMs: number | null;
  /** When its numbers were true last. */
  atMs: number;
}

export interface TotalNow extends TrafficNow {
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
  readonly retries: Counter;
  readonly latency: Latency;
  active: number;
}

export class LiveModel {
  hello: LiveHello | null = null;
  revision = 0;
  atMs = 0;
  /** There were two messages to tell rates from. */
  hasRates = false;
  total: TotalNow = newTotal();
  listeners: ListenerNow[] = [];
  routes: RouteNow[] = [];
  pools: PoolNow[] = [];
  endpoints: EndpointNow[] = [];
  /** From each listener to each route. */
  arrivals: WayNow[] = [];
  /** From routes to the pools they may send to. */
  departures: WayNow[] = [];

  /** What stays under its name keeps its numbers. */
  setTopology(topology: LiveTopology): void {
    const [listeners, routes, pools] = [byName(this.listeners), byName(this.routes), byName(this.pools)];
    const endpoints = new Map(this.endpoints.map((each) => [keyOf(each), each]));
    const ways = new Map([...this.arrivals, ...this.departures].map((each) => [wayKey(each), each]));
    const way = (from: string, to: string, kind: WayNow["kind"]): WayNow =>
      ways.get(wayKey({ kind, from, to })) ?? { kind, from, to, requests: new Counter() };
    this.revision = topology.revision;
    this.listeners = topology.listeners.map((each) => ({
      ...{ ...newTraffic(), connections: 0, refusedConnections: 0, refusedHeads: 0 },
      ...listeners.get(each.name),
      ...each,
    }));
    this.routes = topology.routes.map((each) => ({ ...newTraffic(), ...routes.get(each.name), ...each }));
    this.pools = topology.pools.map((each) => ({
      ...{ ...newTraffic(), latency: noLatency(), active: 0 },
      ...pools.get(each.name),
      ...each,
      endpoints: [],
    }));
    this.arrivals = topology.listeners.flatMap(({ name: from }) =>
      topology.routes.map(({ name: to }) => way(from, to, "arrival")),
    );
    this.departures = topology.ways.map(([route, pool]) =>
      way(topology.routes[route]?.name ?? "", topology.pools[pool]?.name ?? "", "departure"),
    );
    this.endpoints = topology.endpoints.map(({ pool: place, ...fixed }) => {
      const home = this.pools[place];
      const pool = home?.name ?? "";
      const endpoint = {
        ...(endpoints.get(keyOf({ pool, ...fixed })) ?? newEndpoint(pool, fixed)),
        ...fixed,
      };
      home?.endpoints.push(endpoint);
      return endpoint;
    });
  }

  takeNumbers(numbers: LiveNumbers): void {
    const seconds = this.atMs === 0 ? 0 : (numbers.at - this.atMs) / 1000;
    this.hasRates = this.atMs !== 0;
    this.atMs = numbers.at;
    takeTotal(this.total, numbers.total, seconds);
    takeRows(this.listeners, numbers.listeners, seconds, takeListener);
    takeRows(this.routes, numbers.routes, seconds, takeTraffic);
    takeRows(this.pools, numbers.pools, seconds, takePool);
    takeWays(this.arrivals, numbers.arrivals, seconds);
    takeWays(this.departures, numbers.departures, seconds);
    for (const row of numbers.endpoints ?? []) takeEndpoint(this.endpoints[row[0]], row, numbers.at);
    this.takeStates(numbers.states ?? []);
    if (numbers.isPartial !== true) for (const each of this.endpoints) keepEndpoint(each, numbers.at);
  }

  takeStates(rows: LiveStates["states"]): void {
    for (const row of rows) takeState(this.endpoints[row[0]], row);
  }

  pool(name: string): PoolNow | undefined {
    return this.pools.find((pool) => pool.name === name);
  }

  endpoint(pool: string, name: string): EndpointNow | undefined {
    return this.pool(pool)?.endpoints.find((endpoint) => endpoint.name === name);
  }
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((each) => [each.name, each]));
}

function keyOf({ pool, name, url }: Pick<EndpointNow, "pool" | "name" | "url">): string {
  return [pool, name, url].join("\n");
}

function wayKey({ kind, from, to }: Pick<WayNow, "kind" | "from" | "to">): string {
  return [kind, from, to].join("\n");
}

/** An average that forgets with a time constant of two seconds. */
function smooth(before: number, now: number, seconds: number): number {
  return before === 0 ? now : before + (now - before) * (1 - Math.exp(-seconds / 2));
}

function takeRows<T extends TrafficNow>(
  all: readonly T[],
  rows: readonly LiveRow[] | undefined,
  seconds: number,
  take: (one: T, row: LiveRow, seconds: number) => void,
): void {
  const said = new Set<number>();
  for (const row of rows ?? []) {
    const one = all[row[0]];
    said.add(row[0]);
    if (one !== undefined) take(one, row, seconds);
  }
  // A row that did not come is as it was: nothing happened there.
  for (const [place, one] of all.entries()) if (!said.has(place)) rest(one, seconds);
}

function takeWays(all: readonly WayNow[], rows: readonly LiveRow[] | undefined, seconds: number): void {
  const values = new Map((rows ?? []).map(([place, value]) => [place, value ?? 0]));
  for (const [place, { requests }] of all.entries())
    requests.read(values.get(place) ?? requests.value, seconds);
}

function rest({ requests, errors }: TrafficNow, seconds: number): void {
  requests.read(requests.value, seconds);
  errors.read(errors.value, seconds);
}

function takeTraffic(one: TrafficNow, row: LiveRow, seconds: number): void {
  one.requests.read(row[1] ?? 0, seconds);
  one.errors.read(row[2] ?? 0, seconds);
}

function takeListener(one: ListenerNow, row: LiveRow, seconds: number): void {
  takeTraffic(one, row, seconds);
  one.connections = row[3] ?? 0;
  one.refusedConnections = row[4] ?? 0;
  one.refusedHeads = row[5] ?? 0;
}

function takePool(one: PoolNow, row: LiveRow, seconds: number): void {
  takeTraffic(one, row, seconds);
  one.active = row[3] ?? 0;
  setLatency(one.latency, row.slice(4));
}

function takeTotal(total: TotalNow, columns: LiveNumbers["total"], seconds: number): void {
  const [requests, errors, active, bytesIn, bytesOut, retries, ...latency] = columns;
  total.requests.read(requests ?? 0, seconds);
  total.errors.read(errors ?? 0, seconds);
  total.active = active ?? 0;
  total.bytesIn.read(bytesIn ?? 0, seconds);
  total.bytesOut.read(bytesOut ?? 0, seconds);
  total.retries.read(retries ?? 0, seconds);
  setLatency(total.latency, latency);
}

function takeEndpoint(one: EndpointNow | undefined, row: LiveRow, atMs: number): void {
  if (one === undefined) return;
  const seconds = one.atMs === 0 ? 0 : (atMs - one.atMs) / 1000;
  one.atMs = atMs;
  one.requests.read(row[1] ?? 0, seconds);
  one.active = row[2] ?? 0;
  one.failures.read(row[3] ?? 0, seconds);
  one.errors.read(row[4] ?? 0, seconds);
  one.latency.p50 = row[5] ?? null;
  one.latency.p99 = row[6] ?? null;
}

/** Everything that changed was told, and this was not. */
function keepEndpoint(one: EndpointNow, atMs: number): void {
  if (one.atMs === atMs) return;
  const seconds = one.atMs === 0 ? 0 : (atMs - one.atMs) / 1000;
  one.atMs = atMs;
  for (const counter of [one.requests, one.failures, one.errors]) counter.read(counter.value, seconds);
}

function takeState(one: EndpointNow | undefined, row: LiveStateRow): void {
  if (one === undefined) return;
  const [, state, setTo, isEligible, weight, reason, sinceMs] = row;
  Object.assign(one, { state, setTo, isEligible: isEligible === 1, weight, reason, sinceMs });
}

function setLatency(
  latency: Latency,
  [p50 = null, p90 = null, p99 = null]: readonly (number | null)[],
): void {
  Object.assign(latency, { p50, p90, p99 });
}

function noLatency(): Latency {
  return { p50: null, p90: null, p99: null };
}

function newTraffic(): TrafficNow {
  return { requests: new Counter(), errors: new Counter() };
}

function newTotal(): TotalNow {
  return {
    ...newTraffic(),
    bytesIn: new Counter(),
    bytesOut: new Counter(),
    retries: new Counter(),
    latency: noLatency(),
    active: 0,
  };
}

function newEndpoint(
  pool: string,
  fixed: Pick<EndpointNow, "name" | "url" | "configuredWeight" | "isBackup">,
): EndpointNow {
  return {
    pool,
    ...fixed,
    requests: new Counter(),
    failures: new Counter(),
    errors: new Counter(),
    latency: { p50: null, p99: null },
    active: 0,
    state: "up",
    setTo: "ready",
    isEligible: false,
    weight: 0,
    reason: "",
    sinceMs: null,
    atMs: 0,
  };
}
