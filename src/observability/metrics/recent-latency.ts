/**
 * Percentiles of the last minute for a scrape, within the histogram's 1.6 %: what buckets that are shared
 * with other programs cannot give. Keeps a copy of each pool's counts every ten seconds.
 */
import { percentileOf } from "../../core/histogram.ts";
import { gaugeFamily, type MetricFamily } from "./metric-family.ts";

/** Running totals in the buckets of `core/histogram.ts`, wrapping at 2^32. */
export interface PoolLatency {
  readonly name: string;
  readonly counts: Uint32Array;
}

interface Moment {
  readonly nowMs: number;
  readonly counts: ReadonlyMap<string, Uint32Array>;
}

const keepEveryMs = 10_000;
const windowMs = 60_000;
/** Not called quantiles: that label is for summaries, which count since the start. */
const percentiles = [50, 90, 99, 99.9];

export class RecentLatency {
  /** Oldest first. */
  #moments: readonly Moment[] = [];

  /** Called at any steady pace; `nowMs` is monotonic. */
  note(nowMs: number, read: () => readonly PoolLatency[]): void {
    const last = this.#moments.at(-1);
    if (last !== undefined && nowMs - last.nowMs < keepEveryMs) return;
    const counts = new Map(read().map(({ name, counts: running }) => [name, new Uint32Array(running)]));
    const start = this.#moments.findLastIndex((moment) => moment.nowMs <= nowMs - windowMs);
    this.#moments = [...this.#moments.slice(Math.max(0, start)), { nowMs, counts }];
  }

  /** A pool that answered nothing in that time has no samples. */
  metrics(pools: readonly PoolLatency[]): readonly MetricFamily[] {
    const [oldest] = this.#moments;
    const samples = pools.flatMap(({ name, counts }) => {
      const before = oldest?.counts.get(name);
      const recent = before === undefined ? counts : counts.map((count, index) => count - before[index]!);
      return percentiles.flatMap((percentile) => {
        const ms = percentileOf(recent, percentile / 100);
        return ms === null
          ? []
          : [{ labels: { pool: name, percentile: String(percentile) }, value: ms / 1000 }];
      });
    });
    return [
      gaugeFamily(
        "headgate_pool_recent_request_duration_seconds",
        "Percentiles of the time from the request's head to the end of the response, over the last minute.",
        samples,
      ),
    ];
  }
}
