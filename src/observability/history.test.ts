import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../core/histogram.ts";
import { History, type HistoryReadings, type NamedReading } from "./history.ts";
import { TimeSeries } from "./history/time-series.ts";

/** A pool or endpoint whose totals a test moves on. */
class Thing {
  readonly name: string;
  requests = 0;
  errors = 0;
  active = 0;
  readonly latency = new Histogram();

  constructor(name: string) {
    this.name = name;
  }

  serve(count: number, latencyMs: number, errors = 0): void {
    this.requests += count;
    this.errors += errors;
    for (let index = 0; index < count; index++) this.latency.record(latencyMs);
  }

  reading(): NamedReading {
    const { name, requests, errors, active, latency } = this;
    return { name, requests, errors, active, latencyCounts: latency.counts };
  }
}

function readings(pools: readonly Thing[], endpoints: readonly Thing[] = []): HistoryReadings {
  const sum = (read: (pool: Thing) => number): number => pools.reduce((total, pool) => total + read(pool), 0);
  return {
    total: {
      requests: sum((pool) => pool.requests),
      errors: sum((pool) => pool.errors),
      active: sum((pool) => pool.active),
    },
    pools: pools.map((pool) => pool.reading()),
    endpointsOf: () => endpoints.map((endpoint) => endpoint.reading()),
  };
}

const startMs = 1_795_230_540_000;

test("a sample is what happened since the one before, for the whole and for each pool", () => {
  const history = new History();
  const [a, b] = [new Thing("a"), new Thing("b")];
  a.serve(1000, 5);
  history.sample(startMs, readings([a, b]));
  a.serve(30, 10, 3);
  b.serve(10, 100);
  b.active = 4;
  history.sample(startMs + 1000, readings([a, b]));
  const total = history.readTotal(startMs + 1000, "seconds");
  assert.deepEqual([total?.requestRate.at(-1), total?.errorRate.at(-1), total?.active.at(-1)], [40, 3, 4]);
  assert.ok(Math.abs((total?.p50Ms.at(-1) ?? 0) - 10) < 0.2);
  assert.ok(Math.abs((total?.p99Ms.at(-1) ?? 0) - 100) < 2);
  const pool = history.readPool(startMs + 1000, "seconds", "a");
  assert.deepEqual([pool?.requestRate.at(-1), pool?.requestRate.at(-2)], [30, null]);
  assert.ok(Math.abs((pool?.p99Ms.at(-1) ?? 0) - 10) < 0.2);
});

test("a second in which nothing finished has rates of 0 and no latency", () => {
  const history = new History();
  const pool = new Thing("a");
  for (let second = 0; second < 3; second++) history.sample(startMs + second * 1000, readings([pool]));
  const series = history.readTotal(startMs + 2000, "seconds");
  assert.deepEqual([series?.requestRate.at(-1), series?.p50Ms.at(-1)], [0, null]);
});

test("endpoints are read every ten seconds and kept for an hour", () => {
  const history = new History();
  const [pool, endpoint] = [new Thing("a"), new Thing("b1")];
  let reads = 0;
  for (let second = 0; second <= 3700; second++) {
    endpoint.serve(2, 4);
    const now = readings([pool], [endpoint]);
    history.sample(startMs + second * 1000, {
      ...now,
      endpointsOf: (name) => (reads++, now.endpointsOf(name)),
    });
  }
  assert.equal(reads, 371);
  const series = history.readEndpoint(startMs + 3_700_000, "a", "b1");
  assert.equal(series?.requestRate.length, 360);
  assert.ok(series?.requestRate.every((rate) => rate === 2));
  assert.equal(history.readTotal(startMs + 3_700_000, "seconds")?.requestRate.length, 300);
});

test("a pool that a reload takes away is forgotten, without undoing traffic", () => {
  const history = new History();
  const [a, b] = [new Thing("a"), new Thing("b")];
  a.serve(5, 1);
  b.serve(500, 1);
  history.sample(startMs, readings([a, b]));
  a.serve(7, 1);
  b.serve(1, 1);
  const total = { requests: 513, errors: 0, active: 0 };
  history.sample(startMs + 1000, { ...readings([a]), total });
  assert.equal(history.readPool(startMs + 1000, "seconds", "b"), null);
  assert.equal(history.readTotal(startMs + 1000, "seconds")?.requestRate.at(-1), 8);
  assert.ok((history.readTotal(startMs + 1000, "seconds")?.p99Ms.at(-1) ?? 0) < 1.1);
});

test("a thing made anew under its old name counts from 0, and a wrapped count is undone", () => {
  const history = new History();
  const before = new Thing("a");
  before.serve(100, 1);
  history.sample(startMs, readings([before]));
  const after = new Thing("a");
  after.serve(3, 1);
  history.sample(startMs + 1000, readings([after]));
  assert.equal(history.readPool(startMs + 1000, "seconds", "a")?.requestRate.at(-1), 3);
  after.latency.counts.fill(0xffff_ffff, 100, 101);
  history.sample(startMs + 2000, readings([after]));
  after.requests += 2;
  after.latency.counts[100] = 1;
  history.sample(startMs + 3000, readings([after]));
  const series = history.readPool(startMs + 3000, "seconds", "a");
  assert.equal(series?.p50Ms.at(-1), series?.p99Ms.at(-1));
  assert.notEqual(series?.p50Ms.at(-1), null);
});

function rates(series: TimeSeries, wallMs: number, count: number): readonly (number | null)[] {
  return series.read(wallMs, count).requestRate;
}

const one = { errorRate: 0, active: 0, p50Ms: null, p90Ms: null, p99Ms: null };

test("samples taken a little early or late leave neither gap nor overlap", () => {
  const series = new TimeSeries(1000, 10);
  const moments = [0, 1040, 1990, 3030, 4100, 5000];
  moments
    .slice(1)
    .forEach((to, index) => series.add(moments[index]!, to, { ...one, requestRate: index + 1 }));
  assert.deepEqual(rates(series, 5000, 5), [1, 2, 3, 4, 5]);
});

test("a stall shows as its average, a silence as a gap, and what is too old is gone", () => {
  const series = new TimeSeries(1000, 5);
  series.add(0, 1000, { ...one, requestRate: 1 });
  series.add(1000, 4000, { ...one, requestRate: 2 });
  assert.deepEqual(rates(series, 4000, 4), [1, 2, 2, 2]);
  series.add(5000, 6000, { ...one, requestRate: 3 });
  assert.deepEqual(rates(series, 6000, 5), [2, 2, 2, null, 3]);
  assert.deepEqual(rates(series, 9000, 5), [null, 3, null, null, null]);
  series.add(0, 1_000_000, { ...one, requestRate: 4 });
  assert.deepEqual(rates(series, 1_000_000, 5), [4, 4, 4, 4, 4]);
});

test("a clock set back writes again what it wrote, or begins anew when it is set back far", () => {
  const series = new TimeSeries(1000, 5);
  series.add(100_000, 103_000, { ...one, requestRate: 1 });
  series.add(101_000, 102_000, { ...one, requestRate: 2 });
  assert.deepEqual(rates(series, 102_000, 2), [1, 2]);
  series.add(10_000, 11_000, { ...one, requestRate: 3 });
  assert.deepEqual(rates(series, 11_000, 3), [null, null, 3]);
});
