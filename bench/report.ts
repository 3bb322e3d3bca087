/**
 * Turns results into tables. Every figure is the median of the rounds; a ratio is the median of the
 * rounds' own ratios, because two neighbours in time share the machine's mood.
 */
import type { PeerResult, Sample } from "./measure.ts";

export interface Row {
  readonly peer: string;
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakBytes: number;
  /** Requests per CPU-second against the yardstick, with the lowest and highest round; null without one. */
  readonly ratio: { readonly middle: number; readonly low: number; readonly high: number } | null;
  /** Share of the proxy's core that other programs took. */
  readonly foreignShare: number;
  readonly hasFailed: boolean;
}

export function rowsOf(results: readonly PeerResult[], yardstick: string): Row[] {
  const reference = results.find(({ peer }) => peer === yardstick)?.samples ?? [];
  return results.map(({ peer, samples, peakBytes, errors }) => ({
    peer,
    requestsPerSecond: medianOf(samples, (sample) => sample.requestsPerSecond),
    cpuMicroseconds: medianOf(samples, (sample) => sample.cpuMicroseconds),
    p50Ms: medianOf(samples, (sample) => sample.p50Ms),
    p99Ms: medianOf(samples, (sample) => sample.p99Ms),
    peakBytes,
    ratio: ratioOf(samples, reference),
    foreignShare: medianOf(samples, (sample) => sample.foreignShare),
    hasFailed: errors.length > 0,
  }));
}

type Samples = readonly (Sample | null)[];

function ratioOf(samples: Samples, reference: Samples): Row["ratio"] {
  const ratios = samples.flatMap((sample, round) => {
    const other = reference[round];
    return sample === null || other === null || other === undefined
      ? []
      : [other.cpuMicroseconds / sample.cpuMicroseconds];
  });
  if (ratios.length === 0) return null;
  return { middle: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

function medianOf(samples: Samples, read: (sample: Sample) => number): number {
  return median(samples.filter((sample) => sample !== null).map(read));
}

/** NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (upper + lower) / 2;
}

/** A peer that never answered has no figures. */
function format(value: number, digits: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(digits);
}

/** A Markdown table that is also readable on a terminal. */
export function tableOf(rows: readonly Row[], yardstick: string): string {
  const head = [
    "proxy",
    "req/s",
    "CPU µs/req",
    `req per CPU-s ÷ ${yardstick}`,
    "p50 ms",
    "p99 ms",
    "peak MB",
    "others",
  ];
  const body = rows.map((row) => [
    row.hasFailed ? `${row.peer} (FAILED)` : row.peer,
    format(row.requestsPerSecond, 0),
    format(row.cpuMicroseconds, 1),
    row.ratio === null
      ? "-"
      : `${row.ratio.middle.toFixed(2)} (${row.ratio.low.toFixed(2)}–${row.ratio.high.toFixed(2)})`,
    format(row.p50Ms, 2),
    format(row.p99Ms, 2),
    (row.peakBytes / 2 ** 20).toFixed(0),
    `${format(row.foreignShare * 100, 0)} %`,
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[head, ...body].map((cells) => cells[column]?.length ?? title.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...body.map(line)].join("\n");
}
