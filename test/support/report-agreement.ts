/** Where a report and the reference of the same log differ; percentiles may by the histogram's 1.6 %. */
import type { ReportFigures } from "../../src/observability/report/figures.ts";
import type { LogReference } from "./log-reference.ts";

const toleranceShare = 0.016;

/** One sentence per difference; none when they agree. */
export function disagreements(figures: ReportFigures, reference: LogReference): readonly string[] {
  const { requests, bytesOut, statuses, endpoints, routes, causes, latency } = figures;
  const exact: readonly (readonly [string, unknown, unknown])[] = [
    ["requests", requests, reference.requests],
    ["bytes", bytesOut, reference.bytesOut],
    [
      "statuses",
      counted(statuses, ({ status, count }) => [String(status), count]),
      sorted(reference.byStatus),
    ],
    ["endpoints", counted(endpoints, (each) => [each.name, each.requests]), sorted(reference.byEndpoint)],
    ["routes", counted(routes, (each) => [each.name, each.requests]), sorted(reference.byRoute)],
    ["causes", counted(causes, (each) => [each.cause, each.exchanges]), sorted(reference.byCause)],
  ];
  const wrong = exact
    .filter(([, is, should]) => JSON.stringify(is) !== JSON.stringify(should))
    .map(([what, is, should]) => `${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(should)}`);
  const far = (["p50Ms", "p90Ms", "p99Ms", "p999Ms"] as const)
    .map((name) => ({ name, is: latency[name] ?? Number.NaN, should: reference.percentiles[name] }))
    .filter(({ is, should }) => !(Math.abs(is - should) <= toleranceShare * should))
    .map(({ name, is, should }) => `${name}: ${is} instead of ${should}`);
  return [...wrong, ...far];
}

function counted<T>(rows: readonly T[], read: (row: T) => readonly [string, number]): readonly unknown[] {
  return sorted(Object.fromEntries(rows.map(read)));
}

function sorted(counts: Readonly<Record<string, number>>): readonly unknown[] {
  return Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
