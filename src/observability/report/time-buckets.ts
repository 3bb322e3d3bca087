/**
 * The entries of a log over time in at most so many buckets, whatever the log's length: a bucket is a
 * second wide at first, and twice as wide whenever there would be too many. Lines may come in any order.
 */
import { Histogram } from "../../core/histogram.ts";

export class TimeBucket {
  /** By first digit of the status, 0 for none. */
  readonly classes = new Float64Array(6);
  readonly latency = new Histogram();
  /** Requests by the endpoint's number. */
  readonly endpoints = new Map<number, number>();

  add(status: number, durationMs: number, endpoint: number | null): void {
    const statusClass = status >= 100 && status < 600 ? (status / 100) | 0 : 0;
    this.classes[statusClass] = this.classes[statusClass]! + 1;
    if (!Number.isNaN(durationMs)) this.latency.record(durationMs);
    if (endpoint !== null) this.endpoints.set(endpoint, (this.endpoints.get(endpoint) ?? 0) + 1);
  }

  merge(other: TimeBucket): void {
    other.classes.forEach((count, index) => (this.classes[index] = this.classes[index]! + count));
    this.latency.merge(other.latency);
    for (const [endpoint, count] of other.endpoints)
      this.endpoints.set(endpoint, (this.endpoints.get(endpoint) ?? 0) + count);
  }
}

export class TimeBuckets {
  readonly #countMax: number;
  #widthMs = 1000;
  #buckets = new Map<number, TimeBucket>();
  /** Most lines belong where the one before did. */
  #lastIndex = Number.NaN;
  #last: TimeBucket | null = null;

  constructor(countMax = 360) {
    this.#countMax = countMax;
  }

  get widthMs(): number {
    return this.#widthMs;
  }

  at(wallMs: number): TimeBucket {
    const index = Math.floor(wallMs / this.#widthMs);
    if (index === this.#lastIndex && this.#last !== null) return this.#last;
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = new TimeBucket();
      this.#buckets.set(index, bucket);
      if (this.#buckets.size > this.#countMax) {
        this.#widen();
        return this.at(wallMs);
      }
    }
    this.#lastIndex = index;
    this.#last = bucket;
    return bucket;
  }

  /** In order of time, each with its start. */
  list(): readonly { readonly wallMs: number; readonly bucket: TimeBucket }[] {
    return [...this.#buckets]
      .map(([index, bucket]) => ({ wallMs: index * this.#widthMs, bucket }))
      .toSorted((a, b) => a.wallMs - b.wallMs);
  }

  #widen(): void {
    const before = this.#buckets;
    this.#buckets = new Map();
    this.#widthMs *= 2;
    this.#lastIndex = Number.NaN;
    this.#last = null;
    for (const [index, bucket] of before) {
      const wider = Math.floor(index / 2);
      const there = this.#buckets.get(wider);
      if (there === undefined) this.#buckets.set(wider, bucket);
      else there.merge(bucket);
    }
  }
}
