/** What the metrics of a running balancer are made from: readings of the state that all threads share. */
import type { ExchangeCounters } from "../observability/exchange-counters.ts";
import type { EndpointReading } from "../observability/metrics/endpoint-metrics.ts";
import {
  type Collector,
  counterFamily,
  gaugeFamily,
  type Sample,
} from "../observability/metrics/metric-family.ts";
import type { EndpointName } from "../observability/metrics/transition-counts.ts";
import type { PoolLatency } from "../observability/metrics/recent-latency.ts";
import { type StatusBit, statusBits } from "../upstream/endpoint-layout.ts";
import type { ListenerTotals } from "./listener-counters.ts";
import type { RouteVerdicts } from "./rate-limits.ts";
import type { SharedState } from "./shared-state.ts";

const statusNames = Object.keys(statusBits) as readonly StatusBit[];

export function endpointReadings(shared: SharedState): readonly EndpointReading[] {
  return [...shared.endpoints()].map(({ pool, config, state }) => ({
    pool,
    endpoint: config.name,
    totals: state.readTotals(),
    weight: state.weight,
    isEligible: state.isEligible,
    conditions: statusNames.filter((name) => state.hasStatus(name)),
  }));
}

/** All endpoints there are. */
export function endpointNames(shared: SharedState): readonly EndpointName[] {
  return [...shared.endpoints()].map(({ pool, config }) => ({ pool, endpoint: config.name }));
}

/** Running totals of each pool's times from head to end. */
export function poolLatencies(counters: Pick<ExchangeCounters, "readPools">): readonly PoolLatency[] {
  return counters.readPools().map(({ name, phases }) => ({ name, counts: phases.total.latency.counts }));
}

// oxfmt-ignore
const listenerCounters: readonly (readonly [name: string, help: string, total: keyof ListenerTotals])[] = [
  ["accepted_connections", "Connections taken from clients.", "accepted"],
  ["refused_connections", "Connections refused because the listener held as many as it may.", "refusedConnections"],
  ["tls_handshakes", "TLS handshakes with clients that were completed.", "handshakes"],
  ["tls_resumed_handshakes", "Of the completed handshakes, those that continued an earlier session.", "resumedHandshakes"],
  ["tls_failed_handshakes", "TLS handshakes with clients that failed.", "failedHandshakes"],
];

export function listenerMetrics(shared: SharedState): Collector {
  return () => {
    const rows = [...shared.listeners].map(([name, counters]) => ({ name, totals: counters.read() }));
    const samples = (total: keyof ListenerTotals): Sample[] =>
      rows.map(({ name, totals }) => ({ labels: { listener: name }, value: totals[total] }));
    return [
      gaugeFamily(
        "headgate_listener_connections",
        "Connections of clients held now.",
        samples("connections"),
      ),
      ...listenerCounters.map(([name, help, total]) =>
        counterFamily(`headgate_listener_${name}`, help, samples(total)),
      ),
    ];
  };
}

/** What a protective feature did; see `protections.ts`. */
export interface ProtectionReading {
  readonly kind: "pool" | "route" | "listener" | "rate limit";
  /** The pool's, the route's … */
  readonly name: string;
  readonly feature: string;
  readonly enforced: number;
  readonly observed: number;
}

const ownerKinds = ["listener", "route", "pool"] as const;

/** Of listeners, routes and pools; rate limits have verdicts of their own. */
export function protectionMetrics(read: () => readonly ProtectionReading[]): Collector {
  return () => {
    const rows = read();
    return ownerKinds.map((kind) =>
      counterFamily(
        `headgate_${kind}_protection_actions`,
        "How often a protective feature acted (enforced), or would have if it were not in observe mode (observed).",
        rows
          .filter((row) => row.kind === kind)
          .flatMap(({ name, feature, enforced, observed }) => [
            { labels: { [kind]: name, feature, result: "enforced" }, value: enforced },
            { labels: { [kind]: name, feature, result: "observed" }, value: observed },
          ]),
      ),
    );
  };
}

/** What rate limits said to the requests of each route; in observe mode, what they would have said. */
export function rateLimitMetrics(read: () => Iterable<RouteVerdicts>): Collector {
  return () => [
    counterFamily(
      "headgate_rate_limit_verdicts",
      "What rate limits said to requests, by route; in observe mode, what they would have said.",
      [...read()].flatMap(({ route, limit, mode, counts }) => {
        const { admitted, delayed, rejected } = counts.read();
        const sample = (verdict: string, value: number): Sample => ({
          labels: { route, limit, mode, verdict },
          value,
        });
        return [sample("allowed", admitted), sample("delayed", delayed), sample("rejected", rejected)];
      }),
    ),
  ];
}
