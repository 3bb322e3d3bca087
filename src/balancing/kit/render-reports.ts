/** Lays reports side by side as a plain-text table, one policy to a line, with a legend below. */
import type { PolicyReport } from "./policy-report.ts";

interface Column {
  readonly head: readonly [string, string];
  readonly cell: (report: PolicyReport) => string;
}

const columns: readonly Column[] = [
  { head: ["", "policy"], cell: ({ title }) => title },
  { head: ["weights,", "idle"], cell: ({ weights }) => percent(weights.idleError) },
  { head: ["weights,", "busy"], cell: ({ weights }) => percent(weights.busyError) },
  { head: ["longest", "wait"], cell: ({ starvation }) => starvation.longestWaitRounds.toFixed(1) },
  { head: ["least", "share"], cell: ({ starvation }) => starvation.smallestShare.toFixed(2) },
  { head: ["herd", "index"], cell: ({ herdIndex }) => herdIndex.toFixed(2) },
  { head: ["one slow:", "p50"], cell: ({ slowEndpoint }) => milliseconds(slowEndpoint.p50Ms) },
  { head: ["", "p99"], cell: ({ slowEndpoint }) => milliseconds(slowEndpoint.p99Ms) },
  { head: ["its", "share"], cell: ({ slowEndpoint }) => percent(slowEndpoint.slowShare) },
  { head: ["one failing:", "share"], cell: ({ failingShare }) => percent(failingShare) },
  { head: ["keys moved:", "join"], cell: ({ disruption }) => movement(disruption?.join) },
  { head: ["", "leave"], cell: ({ disruption }) => movement(disruption?.leave) },
  { head: ["ns a pick:", "of 10"], cell: ({ pickNs }) => nanoseconds(pickNs?.ten) },
  { head: ["", "of 1,000"], cell: ({ pickNs }) => nanoseconds(pickNs?.thousand) },
];

const legend = `
weights      worst deviation of a share from its weight's, of weights 4/2/1/1, with one request at a time and under load
longest wait an endpoint was passed by, in rounds of ten equal endpoints; least share: the smallest, 1.00 being fair
herd index   share of an endpoint that returns cold, over its first moments, as a multiple of the fair one
one slow     of four endpoints, ten times slower than the others; one failing: answers errors at once (25 % is equal)
keys moved   when an eleventh endpoint joins ten, or one of ten leaves; in brackets what had to move
`;

export function renderReports(reports: readonly PolicyReport[]): string {
  const rows = [
    columns.map(({ head }) => head[0]),
    columns.map(({ head }) => head[1]),
    ...reports.map((report) => columns.map(({ cell }) => cell(report))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join("  "),
  );
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n${legend}`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

function movement(disruption: { readonly moved: number; readonly needed: number } | undefined): string {
  return disruption === undefined ? "-" : `${percent(disruption.moved)} (${percent(disruption.needed)})`;
}

function nanoseconds(ns: number | undefined): string {
  return ns === undefined ? "-" : Math.round(ns).toLocaleString("en");
}
