import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../../core/histogram.ts";
import type { MetricFamily } from "./metric-family.ts";
import { RecentLatency } from "./recent-latency.ts";

function valuesOf([family]: readonly MetricFamily[]): Record<string, number> {
  assert.ok(family?.type === "gauge");
  return Object.fromEntries(family.samples.map(({ labels, value }) => [labels["percentile"] ?? "", value]));
}

test("percentiles are of the last minute, and within 2 % of the truth", () => {
  const recent = new RecentLatency();
  const histogram = new Histogram();
  const pools = () => [{ name: "app", counts: histogram.counts }];
  for (let i = 0; i < 1000; i++) histogram.record(5000);
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 1000) {
    recent.note(nowMs, pools);
    if (nowMs >= 65_000) for (let i = 1; i <= 100; i++) histogram.record(i);
  }
  const values = valuesOf(recent.metrics(pools()));
  for (const [percentile, ms] of [
    ["50", 50],
    ["90", 90],
    ["99", 99],
    ["99.9", 100],
  ] as const) {
    const seconds = values[percentile] ?? Number.NaN;
    assert.ok(Math.abs(seconds * 1000 - ms) <= 0.02 * ms, `${percentile}: ${seconds}`);
  }
});

test("a pool that is new counts from its beginning, one that is silent has no samples", () => {
  const recent = new RecentLatency();
  recent.note(0, () => []);
  const histogram = new Histogram();
  histogram.record(10);
  const fresh = [{ name: "app", counts: histogram.counts }];
  assert.equal(Object.keys(valuesOf(recent.metrics(fresh))).length, 4);
  assert.deepEqual(valuesOf(recent.metrics([{ name: "app", counts: new Histogram().counts }])), {});
});
