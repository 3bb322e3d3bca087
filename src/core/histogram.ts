/**
 * A log-linear histogram of durations over plain 32-bit counts, so that it can lie in shared memory.
 * Owns the bucket arithmetic, merging and percentiles; does not own windows of time (readers subtract
 * two copies) nor the sum of the values.
 *
 * Durations are kept as whole µs. Up to 63 µs a bucket is one µs wide; from there each power of two is
 * cut into 32 buckets, so the middle of a bucket is at most 1/64 = 1.6 % from any value in it.
 *
 *   index  0 … 63 │ 64 … 95 │ 96 … 127 │ … │ 800 … 831 │ 832
 *   µs     exact  │ 64–127  │ 128–255  │ … │ 2^29–2^30 │ overflow (17.9 min and more)
 */

const bitsPerPower = 5;
const topBits = 30;
const overflowIndex = ((topBits - bitsPerPower + 1) << bitsPerPower) | 0;

/** Counts in one histogram, the overflow bucket included. */
export const histogramBuckets = overflowIndex + 1;

/** Durations from here on (2^30 µs, 17.9 min) are only known to be at least this. */
export const histogramMaxMs = 2 ** topBits / 1000;

/** Index of the bucket for a duration. Negative and NaN count as 0. */
export function bucketOf(valueMs: number): number {
  const micros = valueMs * 1000 + 0.5;
  if (!(micros >= 1)) return 0;
  if (micros >= 2 ** topBits) return overflowIndex;
  const whole = micros | 0;
  if (whole < 64) return whole;
  const shift = 31 - bitsPerPower - Math.clz32(whole);
  return (shift << bitsPerPower) + (whole >>> shift);
}

/** The duration that stands for a bucket: the middle of what falls into it; the lower edge for overflow. */
export function bucketMiddleMs(index: number): number {
  if (index < 64) return index / 1000;
  if (index >= overflowIndex) return histogramMaxMs;
  const shift = (index >>> bitsPerPower) - 1;
  const lower = (index - (shift << bitsPerPower)) * 2 ** shift;
  return (lower + (2 ** shift - 1) / 2) / 1000;
}

/** Total of a set of counts. */
function countOf(counts: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < counts.length; index++) total += counts[index]!;
  return total;
}

/**
 * The value in ms below or at which `share` (0 to 1) of the recorded values lie, by nearest rank;
 * within 1.6 % or 0.5 µs. Null when nothing was recorded. Takes any counts in this module's buckets,
 * so totals kept as doubles work too.
 */
export function percentileOf(counts: ArrayLike<number>, share: number): number | null {
  const total = countOf(counts);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(total * share - 1e-9));
  let seen = 0;
  for (let index = 0; index < counts.length; index++) {
    seen += counts[index]!;
    if (seen >= rank) return bucketMiddleMs(index);
  }
  return histogramMaxMs;
}

export class Histogram {
  /** One count per bucket; each wraps at 2^32, which `setDifference` undoes. */
  readonly counts: Uint32Array;

  constructor(counts: Uint32Array = new Uint32Array(histogramBuckets)) {
    this.counts = counts;
  }

  /** Counts one duration. For a single writer. */
  record(valueMs: number): void {
    const index = bucketOf(valueMs);
    this.counts[index] = this.counts[index]! + 1;
  }

  /** Counts one duration when other threads write too. */
  recordShared(valueMs: number): void {
    Atomics.add(this.counts, bucketOf(valueMs), 1);
  }

  get count(): number {
    return countOf(this.counts);
  }

  /** See `percentileOf`. */
  percentile(share: number): number | null {
    return percentileOf(this.counts, share);
  }

  /** Adds another histogram's counts to this one. */
  merge(other: Histogram): void {
    const { counts } = this;
    for (let index = 0; index < counts.length; index++) counts[index] = counts[index]! + other.counts[index]!;
  }

  /** A private copy of the counts as they are now. */
  copy(): Histogram {
    return new Histogram(new Uint32Array(this.counts));
  }

  /** Makes this histogram what was recorded between two copies of one, wrapping undone. */
  setDifference(later: Histogram, earlier: Histogram): void {
    const { counts } = this;
    for (let index = 0; index < counts.length; index++) {
      counts[index] = later.counts[index]! - earlier.counts[index]!;
    }
  }
}
