/** Metrics of endpoints and of the pools they stand in, from the state the workers share. */
import { openTunnels } from "../counters/open-tunnels.ts";
import {
  type Collector,
  counterFamily,
  gaugeFamily,
  type MetricFamily,
  type Sample,
} from "./metric-family.ts";

/** The endpoint's counters; its shared state's totals satisfy this. */
export interface EndpointCounts {
  readonly requests: number;
  readonly responses1xx: number;
  readonly responses2xx: number;
  readonly responses3xx: number;
  readonly responses4xx: number;
  readonly responses5xx: number;
  readonly failures: number;
  readonly abandoned: number;
  readonly retries: number;
  readonly hedges: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly connectionsOpened: number;
  readonly connectionReuses: number;
  readonly connectFailures: number;
  readonly timeouts: number;
  readonly resets: number;
  readonly staleConnections: number;
  readonly tunnels: number;
  readonly latencyMsSum: number;
  readonly activeRequests: number;
  readonly tunnelsEnded: number;
  readonly connections: number;
}

export interface EndpointReading {
  readonly pool: string;
  readonly endpoint: string;
  readonly totals: EndpointCounts;
  /** Effective weight, after slow start. */
  readonly weight: number;
  /** May receive ordinary traffic. */
  readonly isEligible: boolean;
  /** Names of the conditions it is in: `down`, `ejected`, `draining`, `maintenance`, `probation`, `unprobed`. */
  readonly conditions: readonly string[];
}

const conditionNames = ["down", "ejected", "draining", "maintenance", "probation", "unprobed"];

// oxfmt-ignore
const counters: readonly (readonly [name: string, help: string, counter: keyof EndpointCounts])[] = [
  ["requests", "Requests sent to the endpoint.", "requests"],
  ["failures", "Requests whose failure is the endpoint's, 5xx included.", "failures"],
  ["abandoned_requests", "Requests that ended without saying anything about the endpoint.", "abandoned"],
  ["retries", "Requests taken to another endpoint after this one failed.", "retries"],
  ["hedges", "Second attempts sent here to race a slow first one.", "hedges"],
  ["received_bytes", "Body bytes received from the endpoint.", "bytesIn"],
  ["sent_bytes", "Body bytes sent to the endpoint.", "bytesOut"],
  ["connections_opened", "Connections made to the endpoint.", "connectionsOpened"],
  ["connection_reuses", "Requests sent over a pooled connection.", "connectionReuses"],
  ["connect_failures", "Connections that could not be made.", "connectFailures"],
  ["timeouts", "Requests the endpoint did not answer in time.", "timeouts"],
  ["resets", "Connections the endpoint broke off during a request.", "resets"],
  ["stale_connections", "Pooled connections found closed when used again.", "staleConnections"],
  ["tunnels", "Connections that became tunnels, such as WebSockets.", "tunnels"],
];

/** `read` gives the endpoints as they are now. */
export function endpointMetrics(read: () => readonly EndpointReading[]): Collector {
  return () => {
    const rows = read();
    return [
      ...counters.map(([name, help, counter]) =>
        counterFamily(
          `headgate_endpoint_${name}`,
          help,
          valuesOf(rows, (row) => row.totals[counter]),
        ),
      ),
      responseFamily(rows),
      latencyFamily(rows),
      gaugeFamily(
        "headgate_endpoint_active_requests",
        "Requests in flight.",
        valuesOf(rows, (row) => row.totals.activeRequests),
      ),
      gaugeFamily(
        "headgate_endpoint_open_tunnels",
        "Of the requests in flight, tunnels such as WebSockets.",
        valuesOf(rows, (row) => openTunnels(row.totals)),
      ),
      gaugeFamily(
        "headgate_endpoint_connections",
        "Open connections, idle ones included.",
        valuesOf(rows, (row) => row.totals.connections),
      ),
      gaugeFamily(
        "headgate_endpoint_weight",
        "Effective weight.",
        valuesOf(rows, (row) => row.weight),
      ),
      gaugeFamily(
        "headgate_endpoint_eligible",
        "1 when the endpoint may receive ordinary traffic.",
        valuesOf(rows, (row) => Number(row.isEligible)),
      ),
      conditionFamily(rows),
      ...poolFamilies(rows),
    ];
  };
}

function valuesOf(rows: readonly EndpointReading[], read: (row: EndpointReading) => number): Sample[] {
  return rows.map((row) => ({ labels: { pool: row.pool, endpoint: row.endpoint }, value: read(row) }));
}

function responseFamily(rows: readonly EndpointReading[]): MetricFamily {
  const samples = rows.flatMap(({ pool, endpoint, totals }) =>
    (["1xx", "2xx", "3xx", "4xx", "5xx"] as const).map((name) => ({
      labels: { pool, endpoint, class: name },
      value: totals[`responses${name}`],
    })),
  );
  return counterFamily("headgate_endpoint_responses", "Responses of the endpoint by status class.", samples);
}

function latencyFamily(rows: readonly EndpointReading[]): MetricFamily {
  return {
    name: "headgate_endpoint_request_duration_seconds",
    help: "Time the endpoint took for its requests; percentiles stand with the pool.",
    type: "summary",
    samples: rows.map(({ pool, endpoint, totals }) => ({
      labels: { pool, endpoint },
      count: totals.requests - totals.abandoned - totals.activeRequests,
      sumSeconds: totals.latencyMsSum / 1000,
    })),
  };
}

function conditionFamily(rows: readonly EndpointReading[]): MetricFamily {
  const samples = rows.flatMap(({ pool, endpoint, conditions }) =>
    conditionNames.map((condition) => ({
      labels: { pool, endpoint, condition },
      value: Number(conditions.includes(condition)),
    })),
  );
  return gaugeFamily("headgate_endpoint_condition", "1 for each condition the endpoint is in.", samples);
}

function poolFamilies(rows: readonly EndpointReading[]): MetricFamily[] {
  const pools = Map.groupBy(rows, (row) => row.pool);
  const samples = (count: (rows: readonly EndpointReading[]) => number): Sample[] =>
    [...pools].map(([pool, members]) => ({ labels: { pool }, value: count(members) }));
  return [
    gaugeFamily(
      "headgate_pool_endpoints",
      "Endpoints in the pool.",
      samples((members) => members.length),
    ),
    gaugeFamily(
      "headgate_pool_eligible_endpoints",
      "Endpoints of the pool that may receive ordinary traffic.",
      samples((members) => members.filter((row) => row.isEligible).length),
    ),
  ];
}
