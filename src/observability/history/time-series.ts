/**
 * One thing's recent past in fixed memory: a ring of samples at a fixed step. Older samples are
 * overwritten; steps nobody sampled read as gaps.
 */

/** What happened between two moments. */
export interface HistorySample {
  /** Per second. */
  readonly requestRate: number;
  /** Responses with 5xx, per second. */
  readonly errorRate: number;
  /** In flight at the end. */
  readonly active: number;
  /** Milliseconds; null when nothing finished. */
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
}

type Column = readonly (number | null)[];

/** Columns, oldest first, as charts want them; null is a gap. */
export interface HistorySeries {
  /** Unix ms at which the first step began. */
  readonly startWallMs: number;
  readonly stepMs: number;
  readonly requestRate: Column;
  readonly errorRate: Column;
  readonly active: Column;
  readonly p50Ms: Column;
  readonly p90Ms: Column;
  readonly p99Ms: Column;
}

const fields = 6;

export class TimeSeries {
  readonly #stepMs: number;
  readonly #capacity: number;
  /** Rows of `fields`; NaN where there is no sample. */
  readonly #rows: Float32Array;
  /** Steps since 1970 of the newest row; NaN before the first. */
  #lastStep = Number.NaN;

  constructor(stepMs: number, capacity: number) {
    this.#stepMs = stepMs;
    this.#capacity = capacity;
    this.#rows = new Float32Array(capacity * fields).fill(Number.NaN);
  }

  /**
   * The sample of the time between two moments. It fills the steps whose middle lies there, so samples
   * taken a little early or late leave neither gap nor overlap.
   */
  add(fromWallMs: number, toWallMs: number, sample: HistorySample): void {
    const last = Math.floor(toWallMs / this.#stepMs + 0.5) - 1;
    const first = Math.max(Math.floor(fromWallMs / this.#stepMs + 0.5), last - this.#capacity + 1);
    if (first > last) return;
    const { requestRate, errorRate, active, p50Ms, p90Ms, p99Ms } = sample;
    const row = [
      requestRate,
      errorRate,
      active,
      p50Ms ?? Number.NaN,
      p90Ms ?? Number.NaN,
      p99Ms ?? Number.NaN,
    ];
    this.#turnTo(first, last);
    for (let step = first; step <= last; step++) this.#row(step).set(row);
  }

  /** The last `count` whole steps before `wallMs`. */
  read(wallMs: number, count = this.#capacity): HistorySeries {
    const length = Math.min(count, this.#capacity);
    const firstStep = Math.floor(wallMs / this.#stepMs) - length;
    const column = (field: number): Column =>
      Array.from({ length }, (_, index) => {
        const step = firstStep + index;
        const isHeld = step <= this.#lastStep && step > this.#lastStep - this.#capacity;
        return isHeld ? orNull(this.#row(step)[field]!) : null;
      });
    return {
      startWallMs: firstStep * this.#stepMs,
      stepMs: this.#stepMs,
      requestRate: column(0),
      errorRate: column(1),
      active: column(2),
      p50Ms: column(3),
      p90Ms: column(4),
      p99Ms: column(5),
    };
  }

  /** Makes `last` the newest row; what was skipped is a gap. A clock set back far begins anew. */
  #turnTo(first: number, last: number): void {
    if (!(Math.abs(last - this.#lastStep) < this.#capacity)) this.#rows.fill(Number.NaN);
    else for (let step = this.#lastStep + 1; step < first; step++) this.#row(step).fill(Number.NaN);
    this.#lastStep = last;
  }

  #row(step: number): Float32Array {
    const at = (step % this.#capacity) * fields;
    return this.#rows.subarray(at, at + fields);
  }
}

/** Three decimals are more than a chart shows and keep the answers short. */
function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value * 1000) / 1000;
}
