/**
 * Everything that moves, read once for all who watch: rows of numbers as JSON without brackets, ready to
 * be compared with what a viewer saw last and to be sent. Only shared memory is read.
 */
import { waysOf } from "./live-topology.ts";
import type { HistorySample } from "../../observability/history/time-series.ts";
import type { OperatedLoadBalancer } from "../../runtime/load-balancer-interface.ts";
import type { SharedEndpoint } from "../../runtime/shared-state.ts";
import { stateOf } from "../../runtime/stats.ts";
import type { NamedTraffic } from "../../observability/exchange-counters.ts";

/** The columns are those of `live-messages.ts`. */
export interface LiveReading {
  readonly wallMs: number;
  readonly total: string;
  readonly listeners: readonly string[];
  readonly routes: readonly string[];
  readonly pools: readonly string[];
  readonly endpoints: readonly string[];
  readonly arrivals: readonly string[];
  readonly departures: readonly string[];
  /** An endpoint's state, weight and reason; they change rarely. */
  readonly states: readonly string[];
}

export function liveReading(balancer: OperatedLoadBalancer, wallMs: number): LiveReading {
  const { shared, config } = balancer;
  const { counters } = shared;
  const { history } = balancer.observability;
  const all = [...shared.endpoints()];
  const total = counters.readTotal();
  const pools = byName(counters.readPools());
  const routes = byName(counters.readRoutes());
  const listeners = byName(counters.readListeners());
  const active = sum(all, ({ state }) => state.activeRequests);
  return {
    wallMs,
    total: row([
      requestsOf(total.requestsByClass),
      total.requestsByClass[5] ?? 0,
      active,
      total.bytesIn,
      total.bytesOut,
      total.retries,
      ...percentiles(history.latestTotal),
    ]),
    listeners: config.listeners.map(({ name }) => {
      const held = shared.listeners.get(name)?.read();
      return row([
        ...trafficOf(listeners.get(name)),
        Math.max(0, held?.connections ?? 0),
        held?.refusedConnections ?? 0,
        held?.refusedHeads ?? 0,
      ]);
    }),
    routes: config.routes.map(({ name }) => row(trafficOf(routes.get(name)))),
    pools: [...shared.pools].map(([name, { endpoints }]) =>
      row([
        ...trafficOf(pools.get(name)),
        sum(endpoints, ({ state }) => state.activeRequests),
        ...percentiles(history.latestPool(name)),
      ]),
    ),
    ...flowRows(balancer),
    endpoints: all.map((endpoint) =>
      endpointRow(endpoint, history.latestEndpoint(endpoint.pool, endpoint.config.name)),
    ),
    states: liveStates(balancer),
  };
}

/** Of all endpoints; see `LiveReading`. */
export function liveStates(balancer: OperatedLoadBalancer): readonly string[] {
  return [...balancer.shared.endpoints()].map((endpoint) => stateRow(balancer, endpoint));
}

function flowRows({ shared, config }: OperatedLoadBalancer): Pick<LiveReading, "arrivals" | "departures"> {
  const { flows } = shared.counters;
  const pools = Object.keys(config.pools);
  return {
    arrivals: config.listeners.flatMap((listener) =>
      config.routes.map((route) => String(flows.readArrivals(listener.name, route.name))),
    ),
    departures: waysOf(config).map(([route, pool]) =>
      String(flows.readDepartures(config.routes[route]?.name ?? "", pools[pool] ?? "")),
    ),
  };
}

function endpointRow({ state }: SharedEndpoint, latest: HistorySample | null): string {
  const { requests, failures, activeRequests, responses5xx } = state.readTotals();
  return row([
    requests,
    activeRequests,
    failures,
    responses5xx,
    latest?.p50Ms ?? null,
    latest?.p99Ms ?? null,
  ]);
}

function stateRow(balancer: OperatedLoadBalancer, { key, state, config }: SharedEndpoint): string {
  const health = balancer.health.healthOf(key);
  const columns = [
    stateOf(state),
    config.state,
    Number(state.isEligible && state.weight > 0),
    state.weight,
    health?.reason ?? "",
    health?.sinceWallMs ?? null,
  ];
  return JSON.stringify(columns).slice(1, -1);
}

/** Requests and answers with 5xx. */
function trafficOf(traffic: NamedTraffic | undefined): [number, number] {
  const byClass = traffic?.totals.requestsByClass ?? [];
  return [requestsOf(byClass), byClass[5] ?? 0];
}

function requestsOf(byClass: readonly number[]): number {
  return sum(byClass, (count) => count);
}

function percentiles(sample: HistorySample | null): (number | null)[] {
  return [sample?.p50Ms ?? null, sample?.p90Ms ?? null, sample?.p99Ms ?? null];
}

/** Hundredths are more than anybody reads; null as an empty place would be no JSON. */
function row(columns: readonly (number | null)[]): string {
  return columns.map((value) => (value === null ? "null" : String(Math.round(value * 100) / 100))).join(",");
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((each) => [each.name, each]));
}

function sum<T>(all: Iterable<T>, read: (each: T) => number): number {
  let total = 0;
  for (const each of all) total += read(each);
  return total;
}
