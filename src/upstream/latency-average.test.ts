import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  LatencyAverage,
  decayTimeMs,
  failureCostMs,
  latencyAverageSlots,
  unknownLatencyMs,
} from "./latency-average.ts";

function near(actual: number | null, expected: number): void {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= 1e-9 + expected * 1e-9,
    `${actual} for ${expected}`,
  );
}

describe("LatencyAverage", () => {
  it("knows nothing before the first request", () => {
    const average = new LatencyAverage();
    assert.equal(average.peakMs(5), null);
    assert.equal(average.meanMs(5), null);
    assert.equal(average.failureShare(5), 0);
  });

  it("takes the first sample as it is", () => {
    const average = new LatencyAverage();
    average.observe(40, false, 1000);
    near(average.peakMs(1000), 40);
    near(average.meanMs(1000), 40);
  });

  it("jumps to a higher sample and blends a lower one by the time passed, as Finagle does", () => {
    const average = new LatencyAverage();
    average.observe(10, false, 0);
    average.observe(100, false, 10);
    near(average.peakMs(10), 100);
    average.observe(20, false, 10 + decayTimeMs);
    near(average.peakMs(10 + decayTimeMs), 20 + 80 * Math.exp(-1));
  });

  it("lets the peak average fade while nothing happens", () => {
    const average = new LatencyAverage();
    average.observe(100, false, 0);
    near(average.peakMs(3 * decayTimeMs), 100 * Math.exp(-3));
  });

  it("blends the plain average 0.95 to 0.05 whatever the time", () => {
    const average = new LatencyAverage();
    average.observe(10, false, 0);
    average.observe(30, false, 99_999);
    near(average.meanMs(500_000), 11);
  });

  it("is never lowered by a failure, and raised by a run of them above a hundred times the latency", () => {
    const average = new LatencyAverage();
    average.observe(20, false, 0);
    let before = [20, 20];
    for (let failures = 1; failures <= 20; failures++) {
      average.observe(0.1, true, 0);
      const now = [average.peakMs(0)!, average.meanMs(0)!];
      assert.ok(now[0]! > before[0]! && now[1]! > before[1]!);
      before = now;
    }
    assert.ok(before[0]! > 2000 && before[1]! > 2000);
  });

  it("costs an endpoint that only ever failed more than an unknown one", () => {
    const average = new LatencyAverage();
    average.observe(0.2, true, 0);
    near(average.peakMs(0), unknownLatencyMs + 0.05 ** 2 * failureCostMs);
    near(average.meanMs(0), unknownLatencyMs + 0.05 ** 2 * failureCostMs);
  });

  it("barely feels one failure in a hundred", () => {
    const average = new LatencyAverage();
    for (let request = 0; request < 1000; request++) average.observe(20, request % 100 === 0, request);
    assert.ok(average.meanMs(1000)! < 21, `${average.meanMs(1000)}`);
  });

  it("forgets failures when requests succeed again, and when time passes", () => {
    const byTime = new LatencyAverage();
    const byRequests = new LatencyAverage();
    for (let failures = 0; failures < 100; failures++) {
      byTime.observe(20, true, 0);
      byRequests.observe(20, true, 0);
    }
    assert.ok(byTime.failureShare(0) > 0.99);
    assert.ok(byTime.meanMs(6 * decayTimeMs)! < unknownLatencyMs + 1);
    for (let requests = 0; requests < 400; requests++) byRequests.observe(20, false, 0);
    near(byRequests.meanMs(0), 20);
  });

  it("stays finite and not negative whatever it is fed, torn memory included", () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 0));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: latencyAverageSlots, maxLength: latencyAverageSlots }),
        fc.array(fc.tuple(value, fc.boolean(), fc.double({ min: 0, max: 1e12, noNaN: true }))),
        (memory, requests) => {
          const average = new LatencyAverage(new Float64Array(memory));
          for (const [latencyMs, isFailure, nowMs] of requests) {
            average.observe(latencyMs, isFailure, nowMs);
            for (const read of [average.peakMs(nowMs), average.meanMs(nowMs), average.failureShare(nowMs)]) {
              assert.ok(read === null || (read >= 0 && Number.isFinite(read)), `${read}`);
            }
          }
        },
      ),
    );
  });
});
