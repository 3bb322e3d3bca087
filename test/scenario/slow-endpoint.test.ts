/** Four endpoints of which one is ten times slower: what clients feel under each policy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolSimulation, quantile } from "../support/pool-simulation.ts";

/** 1,000 requests a second are 40 % of what the three good ones can do, and three times what the slow one's quarter may be. */
function p99Of(
  policy: "round-robin" | "power-of-two" | "peak-ewma" | "least-time" | "least-request",
): number {
  const simulation = new PoolSimulation({ pool: { policy }, servers: [{ serviceMs: 100 }, {}, {}, {}] });
  simulation.run({ perSecond: 1000, forMs: 1000 });
  const records = simulation.run({ perSecond: 1000, forMs: 4000 });
  simulation.close();
  return quantile(
    records.map(({ latencyMs }) => latencyMs),
    0.99,
  );
}

const roundRobin = p99Of("round-robin");

for (const policy of ["peak-ewma", "power-of-two", "least-time", "least-request"] as const) {
  test(`${policy}: the 99th percentile is at least five times better than under round-robin`, () => {
    const p99 = p99Of(policy);
    assert.ok(p99 * 5 <= roundRobin, `${p99} ms, and round-robin ${roundRobin} ms`);
  });
}

for (const policy of ["peak-ewma", "least-time"] as const) {
  test(`${policy}: nearly nobody notices the slow one`, () => {
    assert.ok(p99Of(policy) < 50);
  });
}
