/** Metrics of endpoint sources: whether they answer, since when not, and how much they found. */
import { type Collector, counterFamily, gaugeFamily, type Sample } from "./metric-family.ts";

export interface SourceCounts {
  readonly pool: string;
  readonly kind: string;
  readonly state: "waiting" | "good" | "failing";
  readonly successes: number;
  readonly failures: number;
  /** Null before the first. */
  readonly lastSuccessWallMs: number | null;
  /** In the last good answer. */
  readonly endpoints: number;
}

/** `read` gives the sources as they are now. */
export function sourceMetrics(read: () => readonly SourceCounts[]): Collector {
  return () => {
    const rows = read();
    const samples = (value: (row: SourceCounts) => number): Sample[] =>
      rows.map((row) => ({ labels: { pool: row.pool, kind: row.kind }, value: value(row) }));
    return [
      counterFamily(
        "headgate_source_successes",
        "Good answers of a pool's endpoint source, unchanged ones included.",
        samples((row) => row.successes),
      ),
      counterFamily(
        "headgate_source_failures",
        "Times a pool's endpoint source gave no answer, or one that cannot be used.",
        samples((row) => row.failures),
      ),
      gaugeFamily(
        "headgate_source_failing",
        "1 when the latest answer of a pool's endpoint source was no good one.",
        samples((row) => (row.state === "failing" ? 1 : 0)),
      ),
      gaugeFamily(
        "headgate_source_last_success_timestamp_seconds",
        "When a pool's endpoint source last answered well, Unix time; 0 for never.",
        samples((row) => (row.lastSuccessWallMs ?? 0) / 1000),
      ),
      gaugeFamily(
        "headgate_source_endpoints",
        "Endpoints in the last good answer of a pool's endpoint source.",
        samples((row) => row.endpoints),
      ),
    ];
  };
}
