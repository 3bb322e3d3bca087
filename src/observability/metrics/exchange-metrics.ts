/** Metrics of the traffic as listeners, routes and pools saw it, and of the causes of failures. */
import { errorRow } from "../../core/errors.ts";
import { phaseNames, type PhaseName } from "../counters/phase-block.ts";
import type { TrafficTotals } from "../counters/traffic-block.ts";
import type { ExchangeCounters, NamedTraffic, PoolTraffic } from "../exchange-counters.ts";
import { type Collector, counterFamily, type MetricFamily, type Sample } from "./metric-family.ts";

const statusClasses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

type Readable = Pick<ExchangeCounters, "readListeners" | "readRoutes" | "readPools" | "readCauses">;

export function exchangeMetrics(counters: Readable): Collector {
  return () => {
    const listeners = counters.readListeners();
    const pools = counters.readPools();
    return [
      ...trafficFamilies("listener", listeners),
      counterFamily(
        "headgate_listener_refused_heads",
        "Request heads refused before an exchange began.",
        samplesOf("listener", listeners, (totals) => totals.refusedHeads),
      ),
      ...trafficFamilies("route", counters.readRoutes()),
      ...trafficFamilies("pool", pools),
      counterFamily(
        "headgate_pool_retries",
        "Attempts after the first.",
        samplesOf("pool", pools, (totals) => totals.retries),
      ),
      ...phaseNames.map((phase) => phaseFamily(phase, pools)),
      ...causeFamilies(counters),
    ];
  };
}

function trafficFamilies(kind: "listener" | "route" | "pool", rows: readonly NamedTraffic[]): MetricFamily[] {
  return [
    counterFamily(
      `headgate_${kind}_requests`,
      `Finished exchanges by ${kind} and status class.`,
      rows.flatMap(({ name, totals }) =>
        statusClasses.map((label, index) => ({
          labels: { [kind]: name, class: label },
          value: totals.requestsByClass[index]!,
        })),
      ),
    ),
    counterFamily(
      `headgate_${kind}_request_body_bytes`,
      `Body bytes received from clients, by ${kind}.`,
      samplesOf(kind, rows, (totals) => totals.bytesIn),
    ),
    counterFamily(
      `headgate_${kind}_response_body_bytes`,
      `Body bytes sent to clients, by ${kind}.`,
      samplesOf(kind, rows, (totals) => totals.bytesOut),
    ),
  ];
}

function samplesOf(
  kind: string,
  rows: readonly NamedTraffic[],
  read: (totals: TrafficTotals) => number,
): Sample[] {
  return rows.map(({ name, totals }) => ({ labels: { [kind]: name }, value: read(totals) }));
}

const phaseFamilies: Readonly<Record<PhaseName, { readonly name: string; readonly help: string }>> = {
  queue: { name: "headgate_pool_queue_duration_seconds", help: "Time spent waiting for a free endpoint." },
  connect: {
    name: "headgate_pool_connect_duration_seconds",
    help: "Time to make a new connection to an endpoint.",
  },
  firstByte: {
    name: "headgate_pool_first_byte_duration_seconds",
    help: "Time from the request's head to the endpoint's response head.",
  },
  total: {
    name: "headgate_pool_request_duration_seconds",
    help: "Time from the request's head to the end of the response.",
  },
};

function phaseFamily(phase: PhaseName, pools: readonly PoolTraffic[]): MetricFamily {
  const samples = pools.map(({ name, phases }) => ({
    labels: { pool: name },
    counts: phases[phase].latency.counts,
    sumSeconds: phases[phase].sumMs / 1000,
  }));
  return { ...phaseFamilies[phase], type: "histogram", samples };
}

function causeFamilies(counters: Readable): MetricFamily[] {
  const causes = counters.readCauses();
  return [
    counterFamily(
      "headgate_failed_exchanges",
      "Exchanges and request heads that Headgate answered itself or broke off, by cause.",
      causes.map(({ cause, exchanges }) => ({
        labels: { cause, source: errorRow(cause).source, stage: errorRow(cause).stage },
        value: exchanges,
      })),
    ),
    counterFamily(
      "headgate_failed_attempts",
      "Attempts at an endpoint that failed, by cause, whether or not another one succeeded.",
      causes
        .filter(({ cause }) => errorRow(cause).source === "upstream")
        .map(({ cause, attempts }) => ({ labels: { cause }, value: attempts })),
    ),
  ];
}
