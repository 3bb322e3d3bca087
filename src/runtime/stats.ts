/** The numbers of every endpoint and their totals, read from shared memory: `/stats` and `stats()`. */
import { openTunnels } from "../observability/counters/open-tunnels.ts";
import type { EndpointState } from "../upstream/endpoint-state.ts";
import type { Histogram } from "../core/histogram.ts";
import type { ProtectionStats } from "./protections.ts";
import type { SharedState } from "./shared-state.ts";

export interface LatencyStats {
  /** Milliseconds; null before the first response. */
  readonly p50: number | null;
  readonly p99: number | null;
}

export interface EndpointStats {
  readonly name: string;
  readonly url: string;
  readonly state: "up" | "down" | "ejected" | "draining" | "maintenance";
  readonly isBackup: boolean;
  readonly weight: number;
  readonly activeRequests: number;
  /** Of those, WebSockets and the like. */
  readonly tunnels: number;
  readonly connections: number;
  readonly requests: number;
  readonly responses: Readonly<Record<"1xx" | "2xx" | "3xx" | "4xx" | "5xx", number>>;
  readonly failures: number;
  readonly retries: number;
  /** Body bytes from the endpoint and to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly latencyMs: LatencyStats;
}

export interface PoolStats {
  readonly name: string;
  readonly endpoints: readonly EndpointStats[];
}

export interface Stats extends TrafficStats {
  /** What protective features did, or in observe mode would have done. */
  readonly protections: readonly ProtectionStats[];
}

export interface TrafficStats {
  readonly pools: readonly PoolStats[];
  readonly totals: Pick<
    EndpointStats,
    | "activeRequests"
    | "requests"
    | "responses"
    | "failures"
    | "retries"
    | "bytesIn"
    | "bytesOut"
    | "latencyMs"
  >;
}

/** What is read. */
export interface StatsSource {
  readonly name: string;
  readonly url: string;
  readonly isBackup: boolean;
  readonly state: EndpointState;
}

/** What is read of everything that is shared. */
export function statsSources(shared: SharedState): { name: string; endpoints: StatsSource[] }[] {
  return [...shared.pools].map(([name, { endpoints }]) => ({
    name,
    endpoints: endpoints.map(({ config, state }) => ({
      name: config.name,
      url: config.url,
      isBackup: config.backup || config.priority > 0,
      state,
    })),
  }));
}

export function readStats(
  pools: Iterable<{ readonly name: string; readonly endpoints: Iterable<StatsSource> }>,
): TrafficStats {
  const merged: { latency: Histogram | null } = { latency: null };
  const result: PoolStats[] = [];
  for (const pool of pools) {
    const endpoints = [...pool.endpoints].map((source) => {
      const latency = source.state.readLatency();
      if (merged.latency === null) merged.latency = latency.copy();
      else merged.latency.merge(latency);
      return endpointStats(source, latency);
    });
    result.push({ name: pool.name, endpoints });
  }
  return {
    pools: result,
    totals: totalsOf(
      result.flatMap((pool) => pool.endpoints),
      merged.latency,
    ),
  };
}

function endpointStats(source: StatsSource, latency: Histogram): EndpointStats {
  const totals = source.state.readTotals();
  return {
    name: source.name,
    url: source.url,
    state: stateOf(source.state),
    isBackup: source.isBackup,
    weight: source.state.weight,
    activeRequests: totals.activeRequests,
    tunnels: openTunnels(totals),
    connections: totals.connections,
    requests: totals.requests,
    responses: {
      "1xx": totals.responses1xx,
      "2xx": totals.responses2xx,
      "3xx": totals.responses3xx,
      "4xx": totals.responses4xx,
      "5xx": totals.responses5xx,
    },
    failures: totals.failures,
    retries: totals.retries,
    bytesIn: totals.bytesIn,
    bytesOut: totals.bytesOut,
    latencyMs: latencyStats(latency),
  };
}

function latencyStats(latency: Histogram | null): LatencyStats {
  if (latency === null || latency.count === 0) return { p50: null, p99: null };
  return { p50: latency.percentile(0.5), p99: latency.percentile(0.99) };
}

/** All in all. */
export function stateOf(state: EndpointState): EndpointStats["state"] {
  if (state.hasStatus("maintenance")) return "maintenance";
  if (state.hasStatus("down")) return "down";
  if (state.hasStatus("ejected")) return "ejected";
  return state.hasStatus("draining") ? "draining" : "up";
}

function totalsOf(endpoints: readonly EndpointStats[], latency: Histogram | null): TrafficStats["totals"] {
  const sum = (read: (endpoint: EndpointStats) => number): number =>
    endpoints.reduce((total, each) => total + read(each), 0);
  return {
    activeRequests: sum((each) => each.activeRequests),
    requests: sum((each) => each.requests),
    responses: {
      "1xx": sum((each) => each.responses["1xx"]),
      "2xx": sum((each) => each.responses["2xx"]),
      "3xx": sum((each) => each.responses["3xx"]),
      "4xx": sum((each) => each.responses["4xx"]),
      "5xx": sum((each) => each.responses["5xx"]),
    },
    failures: sum((each) => each.failures),
    retries: sum((each) => each.retries),
    bytesIn: sum((each) => each.bytesIn),
    bytesOut: sum((each) => each.bytesOut),
    latencyMs: latencyStats(latency),
  };
}
