/** Every collector over made-up readings, for tests of what a scrape holds. */
import { ExchangeCounters } from "../../src/observability/exchange-counters.ts";
import { type EndpointReading, endpointMetrics } from "../../src/observability/metrics/endpoint-metrics.ts";
import { exchangeMetrics } from "../../src/observability/metrics/exchange-metrics.ts";
import type { Collector } from "../../src/observability/metrics/metric-family.ts";
import {
  accessLogMetrics,
  configMetrics,
  eventMetrics,
  processMetrics,
} from "../../src/observability/metrics/process-metrics.ts";
import { RecentLatency } from "../../src/observability/metrics/recent-latency.ts";
import { TransitionCounts } from "../../src/observability/metrics/transition-counts.ts";
import { Verdict, VerdictCounts } from "../../src/limits/verdict.ts";
import { poolLatencies, protectionMetrics, rateLimitMetrics } from "../../src/runtime/metrics-readings.ts";

const totals: EndpointReading["totals"] = {
  requests: 10,
  responses1xx: 0,
  responses2xx: 6,
  responses3xx: 0,
  responses4xx: 1,
  responses5xx: 1,
  failures: 2,
  abandoned: 1,
  retries: 1,
  hedges: 1,
  bytesIn: 5000,
  bytesOut: 300,
  connectionsOpened: 3,
  connectionReuses: 7,
  connectFailures: 1,
  timeouts: 0,
  resets: 0,
  staleConnections: 0,
  tunnels: 0,
  tunnelsEnded: 0,
  latencyMsSum: 1500,
  activeRequests: 1,
  connections: 2,
};

/** One listener, one route, the pool `app` with the endpoints b1 and b2, of which b2 is down. */
export function sampleCollectors(): readonly Collector[] {
  const counters = ExchangeCounters.create(1);
  counters.setNames({ listeners: ["main"], routes: ["all"], pools: ["app"] });
  for (const durationMs of [2, 20, 200]) {
    counters.exchangeFinished({
      listenerName: "main",
      routeName: "all",
      poolName: "app",
      status: 200,
      cause: null,
      attemptCount: 1,
      failedAttempts: [],
      requestBodyBytes: 1,
      responseBodyBytes: 2,
      durationMs,
      queueMs: 0,
      connectMs: 1,
      firstByteMs: durationMs / 2,
      isTunnel: false,
    });
  }
  counters.headRefused("main", "bad-header");
  const endpoints: readonly EndpointReading[] = [
    { pool: "app", endpoint: "b1", totals, weight: 1, isEligible: true, conditions: [] },
    { pool: "app", endpoint: "b2", totals, weight: 0.5, isEligible: false, conditions: ["down"] },
  ];
  const recent = new RecentLatency();
  const transitions = new TransitionCounts();
  const down = { kind: "endpoint-down", level: "warn", message: "", pool: "app", endpoint: "b2" } as const;
  transitions.note({ ...down, id: 1, wallMs: 0 });
  const verdicts = VerdictCounts.create(1);
  const verdict = new Verdict("observe");
  verdict.judgement = "reject";
  verdicts.count(verdict);
  const shed = { feature: "shed", enforced: 0, observed: 2 } as const;
  return [
    protectionMetrics(() => [{ kind: "pool", name: "app", ...shed }]),
    rateLimitMetrics(() => [{ route: "all", limit: "one", mode: "observe", counts: verdicts }]),
    () => recent.metrics(poolLatencies(counters)),
    () => transitions.metrics(endpoints),
    exchangeMetrics(counters),
    endpointMetrics(() => endpoints),
    processMetrics(() => ({
      version: "1.2.3",
      startedWallMs: 1_795_230_540_000,
      cpuSeconds: 12.5,
      residentBytes: 80_000_000,
      workers: [{ worker: "0", loopDelayMs: 1.5, loopUtilization: 0.25, heapBytes: 9_000_000, restarts: 0 }],
    })),
    configMetrics(() => ({
      revision: 3,
      reloadsApplied: 2,
      reloadsRejected: 1,
      isLastReloadApplied: true,
      lastAppliedWallMs: 1_795_230_540_000,
      certificates: [{ name: "example.com", expiresWallMs: 1_800_000_000_000 }],
    })),
    accessLogMetrics(() => ({ written: 5, dropped: 1, lost: 0, held: 0 })),
    eventMetrics(() => new Map([["endpoint-down", 1]])),
  ];
}
