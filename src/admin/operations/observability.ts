/** Metrics for Prometheus, why requests failed in the last hour, and exchanges as they happen. */
import type { HistoryResolution } from "../../observability/history.ts";
import type { HistorySeries } from "../../observability/history/time-series.ts";
import { diagnosisDocument, exchangeDocument, filterOf, filterParameters } from "../documents/exchanges.ts";
import { historyDocument } from "../documents/history.ts";
import { type AdminCall, type Operation, operation } from "../operation.ts";
import { ProblemError } from "../problem.ts";
import { ServerSentEvents } from "../server-sent-events.ts";

export const observabilityOperations: readonly Operation[] = [
  {
    id: "getMetrics",
    method: "GET",
    path: "/metrics",
    scope: "read",
    summary: "All metrics in Prometheus' text format, or OpenMetrics where the client accepts that",
    takes: null,
    answers: "metrics",
    handle({ context, header }) {
      const { balancer, version } = context;
      const { contentType, body } = balancer.observability.metrics({ accept: header("accept"), version });
      return new Response(body, { headers: { "content-type": contentType, "cache-control": "no-store" } });
    },
  },
  operation({
    id: "getDiagnosis",
    method: "GET",
    path: "/v1/diagnosis",
    scope: "read",
    summary:
      "Why requests failed in the last hour: by cause, route and endpoint, with an example and what to do",
    takes: null,
    answers: "Diagnosis",
    run: ({ context }) => ({
      document: diagnosisDocument(context.balancer.observability.diagnosis.report()),
    }),
  }),
  operation({
    id: "clearDiagnosis",
    method: "DELETE",
    path: "/v1/diagnosis",
    scope: "write",
    summary: "Forgets the failures so far, as after a repair",
    takes: null,
    answers: "Diagnosis",
    run({ context }) {
      const { diagnosis } = context.balancer.observability;
      diagnosis.clear();
      return { document: diagnosisDocument(diagnosis.report()) };
    },
  }),
  operation({
    id: "getHistory",
    method: "GET",
    path: "/v1/history",
    scope: "read",
    summary: "Traffic and latency of the last hour, for everything, one pool or one endpoint",
    query: [
      {
        name: "resolution",
        description: "`seconds` (five minutes; not for endpoints) or `hour` (steps of 10 s)",
      },
      { name: "pool", description: "One pool" },
      { name: "endpoint", description: "One endpoint of the pool" },
    ],
    takes: null,
    answers: "History",
    run: (call) => ({ document: historyDocument(historyOf(call)) }),
  }),
  {
    id: "streamExchanges",
    method: "GET",
    path: "/v1/exchanges/stream",
    scope: "read",
    summary:
      "Exchanges as they end (server-sent events `exchange`); `skipped` tells how many were too many to send",
    query: filterParameters,
    takes: null,
    answers: "events",
    handle(call) {
      const filter = filterOf(call);
      return new ServerSentEvents(call, (stream) => {
        const stop = call.context.balancer.observability.viewers.add({
          filter,
          onExchange: (exchange) => stream.send("exchange", exchangeDocument(exchange)),
          onSkipped: (count) => stream.send("skipped", { count }),
        });
        if (stop === null) throw new ProblemError("too-many-viewers", "as many follow exchanges as may");
        return stop;
      }).response;
    },
  },
];

function historyOf({ context, query }: AdminCall<unknown>): HistorySeries {
  const { history } = context.balancer.observability;
  const nowMs = context.clock.wallMs();
  const resolution = query("resolution") ?? "hour";
  const [pool, endpoint] = [query("pool"), query("endpoint")];
  if (resolution !== "hour" && resolution !== "seconds")
    throw new ProblemError("bad-request", `'${resolution}' is no resolution; there are seconds and hour`);
  if (endpoint !== undefined && (pool === undefined || resolution === "seconds"))
    throw new ProblemError("bad-request", "an endpoint's history takes its pool, and the resolution hour");
  const { shared } = context.balancer;
  if (pool !== undefined && !shared.pools.has(pool))
    throw new ProblemError("unknown-name", `no pool is called '${pool}'`);
  if (endpoint !== undefined && shared.find(pool ?? "", endpoint) === undefined)
    throw new ProblemError("unknown-name", `no endpoint of ${pool} is called '${endpoint}'`);
  const series =
    pool === undefined
      ? history.readTotal(nowMs, resolution)
      : endpoint === undefined
        ? history.readPool(nowMs, resolution, pool)
        : history.readEndpoint(nowMs, pool, endpoint);
  return series ?? nothingYet(nowMs, resolution);
}

/** Before the second sample. */
function nothingYet(nowMs: number, resolution: HistoryResolution): HistorySeries {
  const none: HistorySeries["active"] = [];
  return {
    startWallMs: nowMs,
    stepMs: resolution === "hour" ? 10_000 : 1000,
    ...{ requestRate: none, errorRate: none, active: none, p50Ms: none, p90Ms: none, p99Ms: none },
  };
}
