/** The last hour as the API shows it. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { HistorySeries } from "../../observability/history/time-series.ts";
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
