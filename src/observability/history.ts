/**
 * The last hour for the dashboard, in bounded memory: every second for five minutes, for the whole and
 * each pool; every 10 seconds for an hour, for endpoints too. Samples are differences of two readings of
 * the counters and histograms in shared memory; no worker is asked for anything.
 */
import { percentileOf } from "../core/histogram.ts";
import { type HistorySample, type HistorySeries, TimeSeries } from "./history/time-series.ts";

/** Running totals of one thing, as read now. */
export interface HistoryReading {
  readonly requests: number;
  /** Responses with 5xx. */
  readonly errors: number;
  /** In flight. */
  readonly active: number;
  /** Counts in the buckets of `core/histogram.ts`, wrapping at 2^32. */
  readonly latencyCounts: Uint32Array;
}

export interface NamedReading extends HistoryReading {
  readonly name: string;
}

export interface HistoryReadings {
  /** Everything, also what no pool saw. Its latencies are those of the pools. */
  readonly total: Omit<HistoryReading, "latencyCounts">;
  readonly pools: readonly NamedReading[];
  /** Called when endpoints are due, every ten seconds. */
  readonly endpointsOf: (pool: string) => readonly NamedReading[];
}

export type HistoryResolution = "seconds" | "hour";

const resolutions = {
  seconds: { stepMs: 1000, capacity: 300 },
  hour: { stepMs: 10_000, capacity: 360 },
} as const;

/** Things remembered at one resolution, beyond which further ones are not; 12 KB each. */
const tracksMax = 5000;

/** One thing at one resolution, and what was read of it last. */
interface Track {
  readonly series: TimeSeries;
  last: HistoryReading;
  isFresh: boolean;
}

export class History {
  readonly #seconds = new Recorder("seconds");
  readonly #hour = new Recorder("hour");

  /** Called about once a second by the control plane. */
  sample(wallMs: number, readings: HistoryReadings): void {
    this.#seconds.sample(wallMs, readings, false);
    if (this.#hour.isDue(wallMs)) this.#hour.sample(wallMs, readings, true);
  }

  /** Null before the second sample. */
  readTotal(wallMs: number, resolution: HistoryResolution): HistorySeries | null {
    return this.#recorder(resolution).read(totalKey, wallMs);
  }

  /** Null for a pool that is not known. */
  readPool(wallMs: number, resolution: HistoryResolution, pool: string): HistorySeries | null {
    return this.#recorder(resolution).read(poolKey(pool), wallMs);
  }

  /** Every 10 seconds; null for an endpoint that is not known. */
  readEndpoint(wallMs: number, pool: string, endpoint: string): HistorySeries | null {
    return this.#hour.read(endpointKey(pool, endpoint), wallMs);
  }

  #recorder(resolution: HistoryResolution): Recorder {
    return resolution === "seconds" ? this.#seconds : this.#hour;
  }
}

/** Everything at one resolution. */
class Recorder {
  readonly #resolution: HistoryResolution;
  readonly #tracks = new Map<string, Track>();
  #lastWallMs = Number.NaN;

  constructor(resolution: HistoryResolution) {
    this.#resolution = resolution;
  }

  /** Has a step ended since the last sample? */
  isDue(wallMs: number): boolean {
    const { stepMs } = resolutions[this.#resolution];
    return Math.floor(wallMs / stepMs) !== Math.floor(this.#lastWallMs / stepMs);
  }

  sample(wallMs: number, readings: HistoryReadings, hasEndpoints: boolean): void {
    const { total, pools } = readings;
    // Differences are added up, not totals, so that a pool that goes does not look like traffic undone.
    const grown = new Float64Array(pools[0]?.latencyCounts.length ?? 0);
    for (const pool of pools) {
      const difference = this.#take(poolKey(pool.name), wallMs, pool, null);
      difference?.forEach((count, index) => (grown[index] = grown[index]! + count));
      if (!hasEndpoints) continue;
      for (const endpoint of readings.endpointsOf(pool.name)) {
        this.#take(endpointKey(pool.name, endpoint.name), wallMs, endpoint, null);
      }
    }
    this.#take(totalKey, wallMs, { ...total, latencyCounts: noCounts }, grown);
    this.#lastWallMs = wallMs;
    this.#forgetGone();
  }

  read(key: string, wallMs: number): HistorySeries | null {
    return this.#tracks.get(key)?.series.read(wallMs) ?? null;
  }

  /** Returns how the histogram grew (`grown` when given); null at the first reading. */
  #take(
    key: string,
    wallMs: number,
    reading: HistoryReading,
    grown: Float64Array | null,
  ): Float64Array | null {
    const latencyCounts = new Uint32Array(reading.latencyCounts);
    const { requests, errors, active } = reading;
    const now = { requests, errors, active, latencyCounts };
    const track = this.#tracks.get(key);
    if (track === undefined) {
      const { stepMs, capacity } = resolutions[this.#resolution];
      if (this.#tracks.size < tracksMax) {
        this.#tracks.set(key, { series: new TimeSeries(stepMs, capacity), last: now, isFresh: true });
      }
      return null;
    }
    // Fewer requests than before: the thing was made anew under its old name.
    const last = requests < track.last.requests ? nothing : track.last;
    const counts = grown ?? growthOf(latencyCounts, last.latencyCounts);
    track.series.add(this.#lastWallMs, wallMs, sampleOf(now, last, counts, wallMs - this.#lastWallMs));
    track.last = now;
    track.isFresh = true;
    return counts;
  }

  /** Drops what this sample did not mention: a reload took it away. */
  #forgetGone(): void {
    for (const [key, track] of this.#tracks) {
      if (track.isFresh) track.isFresh = false;
      else this.#tracks.delete(key);
    }
  }
}

const noCounts = new Uint32Array(0);
const nothing: HistoryReading = { requests: 0, errors: 0, active: 0, latencyCounts: noCounts };
const totalKey = "";

function poolKey(pool: string): string {
  return `pool\n${pool}`;
}

function endpointKey(pool: string, endpoint: string): string {
  return `endpoint\n${pool}\n${endpoint}`;
}

function growthOf(now: Uint32Array, before: Uint32Array): Float64Array {
  const growth = new Float64Array(now.length);
  // Unsigned subtraction undoes a wrap at 2^32.
  for (let index = 0; index < now.length; index++) growth[index] = (now[index]! - (before[index] ?? 0)) >>> 0;
  return growth;
}

function sampleOf(
  now: HistoryReading,
  last: HistoryReading,
  counts: Float64Array,
  elapsedMs: number,
): HistorySample {
  return {
    requestRate: ((now.requests - last.requests) * 1000) / elapsedMs,
    errorRate: (Math.max(0, now.errors - last.errors) * 1000) / elapsedMs,
    active: now.active,
    p50Ms: percentileOf(counts, 0.5),
    p90Ms: percentileOf(counts, 0.9),
    p99Ms: percentileOf(counts, 0.99),
  };
}
