import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Random, seededRandom } from "../core/random.ts";
import { ConcurrencyLimit, type ConcurrencySettings } from "./concurrency-limit.ts";
import { LoadShedder, type ShedClass } from "./load-shedding.ts";
import { VerdictCounts } from "./verdict.ts";

const settings: ConcurrencySettings = {
  min: 3,
  max: 1000,
  initial: 100,
  tolerance: 0.25,
  intervalMs: 100,
  baselineIntervalMs: 60_000,
  baselineRequests: 50,
  mode: "enforce",
};

function make(some: Partial<ConcurrencySettings> = {}, workerCount = 1): ConcurrencyLimit {
  return ConcurrencyLimit.create({ ...settings, ...some }, workerCount, seededRandom(1), 0);
}

/** `count` requests at once that all take `latencyMs`; returns when the last one ended. */
function burst(limit: ConcurrencyLimit, count: number, startedMs: number, latencyMs: number): number {
  let admitted = 0;
  for (let request = 0; request < count; request++) if (limit.tryStart()) admitted++;
  for (let request = 0; request < admitted; request++) limit.finished(startedMs, startedMs + latencyMs, true);
  return startedMs + latencyMs;
}

describe("ConcurrencyLimit", () => {
  it("refuses beyond the limit and counts both", () => {
    const limit = make({ initial: 2 });
    assert.deepEqual([limit.tryStart(), limit.tryStart(), limit.tryStart()], [true, true, true]);
    assert.equal(limit.tryStart(), false, "the least limit is 3");
    assert.equal(limit.inFlight, 3);
    assert.deepEqual([limit.read().admitted, limit.read().rejected], [3, 1]);
    limit.finished(0, 1, true);
    assert.equal(limit.tryStart(), true);
  });

  it("grows while latency stays at the baseline and the limit is used", () => {
    const limit = make();
    let nowMs = burst(limit, 100, 0, 100);
    nowMs = burst(limit, 100, nowMs, 100);
    assert.ok(limit.limit > 120, `${limit.limit}`);
    assert.ok(Math.abs(limit.baselineMs! - 100) < 2);
  });

  it("does not grow while less than half of it is used", () => {
    const limit = make();
    let nowMs = 0;
    for (let step = 0; step < 8; step++) nowMs = burst(limit, 20, nowMs, 101);
    assert.equal(limit.limit, 100);
  });

  it("shrinks when latency rises, however little of it is used", () => {
    const limit = make();
    let nowMs = burst(limit, 20, 0, 100);
    nowMs = burst(limit, 20, nowMs, 300);
    nowMs = burst(limit, 20, nowMs, 300);
    assert.ok(limit.limit < 60, `${limit.limit}`);
  });

  it("learns nothing from failures and from requests whose client left", () => {
    const limit = make();
    for (let step = 0; step < 5; step++) {
      limit.tryStart();
      limit.finished(step * 200, step * 200 + 150, false);
    }
    assert.deepEqual([limit.limit, limit.baselineMs, limit.inFlight], [100, null, 0]);
  });

  it("measures the baseline at the least limit, from requests begun since, and returns to where it was", () => {
    const limit = make();
    const early = 7;
    for (let request = 0; request < early; request++) limit.tryStart();
    limit.finished(0, 1000, true);
    assert.equal(limit.isMeasuring, true);
    assert.deepEqual([limit.effectiveLimit, limit.limit], [3, 100]);
    assert.equal(limit.tryStart(), false, "earlier ones are still in flight");
    assert.equal(limit.tryStart(true), true, "important ones do not pay for it");
    limit.finished(1000, 1000, false);
    for (let request = 1; request < early; request++) limit.finished(0, 1100, true);
    for (let request = 0; request < 50; request++) {
      assert.equal(limit.isMeasuring, true);
      assert.ok(limit.tryStart());
      limit.finished(1100, 1130, true);
    }
    assert.equal(limit.isMeasuring, false);
    assert.ok(Math.abs(limit.baselineMs! - 30) < 1, `${limit.baselineMs}`);
    assert.equal(limit.effectiveLimit, 100);
  });

  it("ends a measurement after a twelfth of its interval when requests are too slow or too few", () => {
    const limit = make();
    burst(limit, 1, 0, 1000);
    assert.equal(limit.isMeasuring, true);
    limit.tryStart();
    limit.finished(1000, 5999, true);
    assert.equal(limit.isMeasuring, true);
    limit.tryStart();
    limit.finished(5999, 6001, true);
    assert.equal(limit.isMeasuring, false);
  });

  it("refuses nobody in observe mode and counts whom it would have refused", () => {
    const limit = make({ initial: 3, mode: "observe" });
    for (let request = 0; request < 5; request++) assert.equal(limit.tryStart(), true);
    assert.equal(limit.read().rejected, 2);
  });

  it("is one limit for all workers, and gives back what a dead one held", () => {
    const first = make({ initial: 4 }, 2);
    const second = ConcurrencyLimit.attach(first.share, 1, settings, seededRandom(2));
    assert.ok(first.tryStart() && second.tryStart() && second.tryStart() && second.tryStart());
    assert.equal(first.tryStart(), false);
    ConcurrencyLimit.releaseWorker(first.share, 1);
    assert.equal(first.inFlight, 1);
  });
});

interface Outcome {
  readonly completed: number;
  readonly p99Ms: Record<ShedClass, number>;
  readonly refused: Record<ShedClass, number>;
  readonly offered: Record<ShedClass, number>;
}

/**
 * A pool of `servers` that take 20 ms on average, with a line in front, under `load` times its capacity
 * for two minutes. A tenth of the requests is important: those may wait for a place, the others not.
 */
function simulate(servers: number, load: number, random: Random): Outcome {
  const limit = make();
  const shedder = new LoadShedder(
    { lowFrom: 0.7, normalFrom: 0.9, aggression: 1, retryAfterMs: 0, mode: "enforce" },
    random,
    VerdictCounts.create(1),
  );
  const freeAtMs = Array.from({ length: servers }, () => 0);
  const running: { priority: ShedClass; cameMs: number; startedMs: number; endMs: number }[] = [];
  const waitingMs: number[] = [];
  const latencies: Record<ShedClass, number[]> = { high: [], normal: [], low: [] };
  const refused = { high: 0, normal: 0, low: 0 };
  const offered = { high: 0, normal: 0, low: 0 };
  const start = (priority: ShedClass, cameMs: number, nowMs: number): void => {
    const server = freeAtMs.indexOf(Math.min(...freeAtMs));
    const endMs = Math.max(nowMs, freeAtMs[server]!) + 10 + 20 * random.next();
    freeAtMs[server] = endMs;
    running.push({ priority, cameMs, startedMs: nowMs, endMs });
    running.sort((a, b) => a.endMs - b.endMs);
  };
  const ratePerMs = (servers / 20) * load;
  for (let nowMs = 0; nowMs < 120_000; nowMs += -Math.log(1 - random.next()) / ratePerMs) {
    while (running.length > 0 && running[0]!.endMs <= nowMs) {
      const { priority, cameMs, startedMs, endMs } = running.shift()!;
      limit.finished(startedMs, endMs, true);
      latencies[priority].push(endMs - cameMs);
      while (waitingMs.length > 0 && limit.tryStart(true)) start("high", waitingMs.shift()!, endMs);
    }
    const draw = random.next();
    const priority = draw < 0.1 ? "high" : draw < 0.6 ? "normal" : "low";
    offered[priority]++;
    if (
      !shedder.judge(priority, limit.inFlight, limit.limit).mustReject &&
      limit.tryStart(priority === "high")
    ) {
      start(priority, nowMs, nowMs);
    } else if (priority === "high" && waitingMs.length < 100) {
      waitingMs.push(nowMs);
    } else {
      refused[priority]++;
    }
  }
  const p99 = (values: number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)]!;
  return {
    completed: Object.values(latencies).flat().length,
    p99Ms: { high: p99(latencies.high), normal: p99(latencies.normal), low: p99(latencies.low) },
    refused,
    offered,
  };
}

describe("ConcurrencyLimit and LoadShedder under three times the capacity", () => {
  const outcome = simulate(20, 3, seededRandom(42));
  const { completed, p99Ms, refused, offered } = outcome;
  const capacity = 120_000;

  it("keep at least 90 % of the capacity busy", () => {
    assert.ok(completed >= 0.9 * capacity, JSON.stringify(outcome));
  });

  it("keep the latency of those admitted bounded", () => {
    assert.ok(Math.max(p99Ms.high, p99Ms.normal, p99Ms.low) < 100, JSON.stringify(outcome));
  });

  it("refuse no important one, and the least important most", () => {
    assert.equal(refused.high, 0);
    assert.ok(refused.low / offered.low > 1.2 * (refused.normal / offered.normal), JSON.stringify(outcome));
  });
});
