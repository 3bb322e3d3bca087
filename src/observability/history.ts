/**
 * The last hour for the dashboard, in bounded memory: every second for five minutes, for the whole and
 * each pool; every 10 seconds for an hour, for endpoints too. Samples are differences of two readings of
 * the counters and histograms in shared memory; no worker is asked for anything.
 */
import { bucketMiddleMs, histogramBuckets } from "../core/histogram.ts";
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
  readonly last: { requests: number; errors: number; readonly latencyCounts: Uint32Array };
  isFresh: boolean;
  latest: HistorySample | null;
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

  /** Every 10 seconds, the last `steps`, an hour by default; null for an endpoint that is not known. */
  readEndpoint(wallMs: number, pool: string, endpoint: string, steps?: number): HistorySeries | null {
    return this.#hour.read(endpointKey(pool, endpoint), wallMs, steps);
  }

  /** What the last second was like; null before the second sample. */
  get latestTotal(): HistorySample | null {
    return this.#seconds.latest(totalKey);
  }

  /** The same of a pool. */
  latestPool(pool: string): HistorySample | null {
    return this.#seconds.latest(poolKey(pool));
  }

  /** What the last ten seconds were like for an endpoint. */
  latestEndpoint(pool: string, endpoint: string): HistorySample | null {
    return this.#hour.latest(endpointKey(pool, endpoint));
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
    // Growth is added up, not totals, so that a pool that goes does not look like traffic undone.
    const whole = new Uint32Array(histogramBuckets);
    for (const pool of pools) {
      if (this.#take(poolKey(pool.name), wallMs, pool)) addCounts(whole, growth);
      if (!hasEndpoints) continue;
      for (const endpoint of readings.endpointsOf(pool.name)) {
        this.#take(endpointKey(pool.name, endpoint.name), wallMs, endpoint);
      }
    }
    const before = this.#tracks.get(totalKey)?.last.latencyCounts ?? new Uint32Array(histogramBuckets);
    addCounts(whole, before);
    this.#take(totalKey, wallMs, { ...total, latencyCounts: whole });
    this.#lastWallMs = wallMs;
    this.#forgetGone();
  }

  read(key: string, wallMs: number, steps?: number): HistorySeries | null {
    return this.#tracks.get(key)?.series.read(wallMs, steps) ?? null;
  }

  latest(key: string): HistorySample | null {
    return this.#tracks.get(key)?.latest ?? null;
  }

  /** Leaves in `growth` how the histogram grew; false at the first reading, which only sets the base. */
  #take(key: string, wallMs: number, reading: HistoryReading): boolean {
    const { requests, errors, active, latencyCounts } = reading;
    const track = this.#tracks.get(key);
    if (track === undefined) {
      if (this.#tracks.size >= tracksMax) return false;
      const { stepMs, capacity } = resolutions[this.#resolution];
      const last = { requests, errors, latencyCounts: new Uint32Array(latencyCounts) };
      this.#tracks.set(key, { series: new TimeSeries(stepMs, capacity), last, isFresh: true, latest: null });
      return false;
    }
    const { last } = track;
    // Fewer requests than before: the thing was made anew under its old name.
    if (requests < last.requests) forget(last);
    const finished = growSince(latencyCounts, last.latencyCounts);
    const perSecond = 1000 / (wallMs - this.#lastWallMs);
    const sample: HistorySample = {
      requestRate: (requests - last.requests) * perSecond,
      errorRate: Math.max(0, errors - last.errors) * perSecond,
      active,
      ...percentilesOf(growth, finished),
    };
    track.series.add(this.#lastWallMs, wallMs, sample);
    track.latest = sample;
    last.requests = requests;
    last.errors = errors;
    last.latencyCounts.set(latencyCounts);
    track.isFresh = true;
    return true;
  }

  /** Drops what this sample did not mention: a reload took it away. */
  #forgetGone(): void {
    for (const [key, track] of this.#tracks) {
      if (track.isFresh) track.isFresh = false;
      else this.#tracks.delete(key);
    }
  }
}

const totalKey = "";

function poolKey(pool: string): string {
  return `pool\n${pool}`;
}

function endpointKey(pool: string, endpoint: string): string {
  return `endpoint\n${pool}\n${endpoint}`;
}

function forget(last: Track["last"]): void {
  last.requests = 0;
  last.errors = 0;
  last.latencyCounts.fill(0);
}

/** How the histogram looked at last grew; one for all, because a thousand are looked at in turn. */
const growth = new Uint32Array(histogramBuckets);

/** Fills `growth`; returns its total. */
function growSince(now: Uint32Array, before: Uint32Array): number {
  let total = 0;
  for (let index = 0; index < growth.length; index++) {
    // Unsigned subtraction undoes a wrap at 2^32.
    const grown = (now[index]! - before[index]!) >>> 0;
    growth[index] = grown;
    total += grown;
  }
  return total;
}

function addCounts(sum: Uint32Array, counts: Uint32Array): void {
  for (let index = 0; index < sum.length; index++) sum[index] = sum[index]! + counts[index]!;
}

/** By nearest rank, all three in one pass. */
function percentilesOf(counts: Uint32Array, total: number): Pick<HistorySample, "p50Ms" | "p90Ms" | "p99Ms"> {
  if (total === 0) return { p50Ms: null, p90Ms: null, p99Ms: null };
  const ranks = [0.5, 0.9, 0.99].map((share) => Math.max(1, Math.ceil(total * share - 1e-9)));
  const found: number[] = [];
  let seen = 0;
  for (let index = 0; index < counts.length && found.length < ranks.length; index++) {
    seen += counts[index]!;
    while (found.length < ranks.length && seen >= ranks[found.length]!) found.push(bucketMiddleMs(index));
  }
  const [p50Ms = null, p90Ms = null, p99Ms = null] = found;
  return { p50Ms, p90Ms, p99Ms };
}
