import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  Histogram,
  bucketMiddleMs,
  bucketOf,
  histogramBuckets,
  histogramMaxMs,
  percentileOf,
} from "./histogram.ts";
import { seededRandom } from "./random.ts";

/** The value at nearest rank, found by sorting. */
function exactPercentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share - 1e-9) - 1)]!;
}

describe("bucketOf", () => {
  it("gives neighbouring µs the same or the next bucket over the whole range, and reaches every bucket", () => {
    let previous = 0;
    for (
      let micros = 1;
      micros < 2 ** 30;
      micros = micros < 10_000 ? micros + 1 : Math.ceil(micros * 1.0005)
    ) {
      const index = bucketOf(micros / 1000);
      assert.ok(index === previous || index === previous + 1, `${micros} µs: ${previous} then ${index}`);
      previous = index;
    }
    assert.equal(previous, histogramBuckets - 2);
  });

  const cases: readonly [valueMs: number, index: number][] = [
    [0, 0],
    [-5, 0],
    [Number.NaN, 0],
    [0.0004, 0],
    [0.001, 1],
    [0.063, 63],
    [0.064, 64],
    [0.065, 64],
    [0.066, 65],
    [histogramMaxMs, histogramBuckets - 1],
    [histogramMaxMs - 0.001, histogramBuckets - 2],
    [Number.POSITIVE_INFINITY, histogramBuckets - 1],
  ];
  for (const [valueMs, index] of cases) {
    it(`puts ${valueMs} ms into bucket ${index}`, () => assert.equal(bucketOf(valueMs), index));
  }

  it("keeps the bucket's middle within 1.6 % or half a µs of any value in it", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 600_000, noNaN: true }), (valueMs) => {
        const error = Math.abs(bucketMiddleMs(bucketOf(valueMs)) - valueMs);
        assert.ok(error <= Math.max(valueMs / 64, 0) + 0.000_500_1, `${valueMs} ms is off by ${error}`);
      }),
    );
  });

  it("reaches beyond ten minutes", () => assert.ok(histogramMaxMs > 600_000));
});

describe("Histogram", () => {
  const random = seededRandom(7);
  const shapes = {
    uniform: () => random.next() * 500,
    "long tail": () => 2 * Math.exp(3 * random.next() ** 4 + random.next()),
    "two humps": () => (random.next() < 0.9 ? 1 + random.next() : 800 + 50 * random.next()),
    "some µs": () => 0.002 + 0.05 * random.next(),
    minutes: () => 60_000 + 500_000 * random.next(),
  };
  for (const [name, draw] of Object.entries(shapes)) {
    it(`agrees with sorted values within 2 % for the shape '${name}'`, () => {
      const values = Array.from({ length: 20_000 }, draw);
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      assert.equal(histogram.count, values.length);
      for (const share of [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
        const exact = exactPercentile(values, share);
        const found = histogram.percentile(share)!;
        assert.ok(Math.abs(found - exact) <= 0.02 * exact + 0.0006, `p${share * 100}: ${found} for ${exact}`);
      }
    });
  }

  it("knows no percentile before the first value", () => assert.equal(new Histogram().percentile(0.5), null));

  it("says that a value in the overflow bucket is at least the longest it can tell", () => {
    const histogram = new Histogram();
    histogram.record(3_600_000);
    assert.equal(histogram.percentile(0.99), histogramMaxMs);
  });

  it("gives the same counts whether values are recorded into one or into two that are merged", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), fc.nat(), (values, cut) => {
        const whole = new Histogram();
        const parts = [new Histogram(), new Histogram()] as const;
        values.forEach((value, index) => {
          whole.record(value);
          parts[(index + cut) % 2]!.recordShared(value);
        });
        parts[0].merge(parts[1]);
        assert.deepEqual(parts[0].counts, whole.counts);
      }),
    );
  });

  it("finds what was recorded between two copies, across a counter that wrapped", () => {
    const histogram = new Histogram();
    histogram.counts[bucketOf(5)] = 2 ** 32 - 1;
    const earlier = histogram.copy();
    histogram.record(5);
    histogram.record(5);
    histogram.record(9);
    const between = new Histogram();
    between.setDifference(histogram, earlier);
    assert.equal(between.count, 3);
    assert.equal(between.counts[bucketOf(5)], 2);
    assert.equal(earlier.counts[bucketOf(9)], 0);
  });

  it("reads percentiles from totals kept as doubles", () => {
    const totals = new Float64Array(histogramBuckets);
    totals[bucketOf(4)] = 2 ** 40;
    totals[bucketOf(40)] = 2 ** 39;
    assert.equal(percentileOf(totals, 0.6), bucketMiddleMs(bucketOf(4)));
    assert.equal(percentileOf(totals, 0.7), bucketMiddleMs(bucketOf(40)));
  });
});
