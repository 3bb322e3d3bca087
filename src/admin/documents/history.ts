/** The last hour as the API shows it. */
import type { AdminDocument, AdminRequest } from "../../config/admin-documents.ts";
import type { HistorySeries } from "../../observability/history/time-series.ts";
import { UnknownNameError } from "../../runtime/endpoint-edits.ts";
import type { AdminContext } from "../operation.ts";
import { isoTime } from "./changes.ts";

export function historyDocument(series: HistorySeries): AdminDocument<"History"> {
  const { startWallMs, stepMs, requestRate, errorRate, active, p50Ms, p90Ms, p99Ms } = series;
  return {
    start: isoTime(startWallMs),
    stepMs,
    requestRate: rounded(requestRate),
    errorRate: rounded(errorRate),
    active: rounded(active),
    p50Ms: rounded(p50Ms),
    p90Ms: rounded(p90Ms),
    p99Ms: rounded(p99Ms),
  };
}

/** Three digits after the point: what more there is nobody sees, and it doubles the answer. */
function rounded(column: readonly (number | null)[]): (number | null)[] {
  return column.map((value) => (value === null ? null : Math.round(value * 1000) / 1000));
}

/** Throws an UnknownNameError when there is no such pool. */
export function endpointHistoriesDocument(
  { balancer, clock }: AdminContext,
  { pool, endpoints, steps }: AdminRequest<"HistoryQuery">,
): AdminDocument<"EndpointHistories"> {
  if (!balancer.shared.pools.has(pool)) throw new UnknownNameError(`no pool is called ${pool}`);
  const { history } = balancer.observability;
  const nowMs = clock.wallMs();
  const found = endpoints.flatMap((name) => {
    const series = history.readEndpoint(nowMs, pool, name, steps);
    return series === null ? [] : [{ name, series }];
  });
  const stepMs = 10_000;
  return {
    start: isoTime((Math.floor(nowMs / stepMs) - steps) * stepMs),
    stepMs,
    endpoints: found.map(({ name, series: { requestRate, p50Ms, p99Ms } }) => ({
      name,
      requestRate: rounded(requestRate),
      p50Ms: rounded(p50Ms),
      p99Ms: rounded(p99Ms),
    })),
  };
}
