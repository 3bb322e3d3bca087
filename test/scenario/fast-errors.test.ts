/** An endpoint that answers 500 at once: it must not attract traffic by being fast, and detection must find it soon. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolSimulation } from "../support/pool-simulation.ts";

const good = { serviceMs: 10 };
const failing = { serviceMs: 0.5, isFailing: true };

for (const policy of ["peak-ewma", "least-time"] as const) {
  test(`${policy}: without detection its share stays below an equal one`, () => {
    const simulation = new PoolSimulation({ pool: { policy }, servers: [failing, good, good, good] });
    const records = simulation.run({ perSecond: 1000, forMs: 5000 });
    simulation.close();
    const share = records.filter(({ outcome }) => outcome === "failed").length / records.length;
    assert.ok(share < 0.25, `${share}`);
  });
}

test("the same under least-request is what makes failure-awareness necessary", () => {
  const simulation = new PoolSimulation({
    pool: { policy: "least-request" },
    servers: [failing, good, good, good],
  });
  const records = simulation.run({ perSecond: 1000, forMs: 5000 });
  simulation.close();
  assert.ok(records.filter(({ outcome }) => outcome === "failed").length / records.length > 0.25);
});

for (const policy of ["round-robin", "peak-ewma", "least-time", "least-request", "power-of-two"] as const) {
  test(`${policy}: with detection it is ejected within ten requests`, () => {
    const simulation = new PoolSimulation({
      pool: { policy, outlier: { consecutive: { errors: 5 } } },
      servers: [failing, good, good, good],
    });
    const records = simulation.run({ perSecond: 1000, forMs: 5000 });
    simulation.close();
    const failed = records.filter(({ outcome }) => outcome === "failed").length;
    assert.ok(failed <= 10, `${failed} requests failed`);
  });
}

test("no more than the capped share is ever ejected, even when all fail", () => {
  const simulation = new PoolSimulation({
    pool: { policy: "round-robin", outlier: { ejection: { shareMax: "34%" } } },
    servers: Array.from({ length: 6 }, () => failing),
  });
  let most = 0;
  for (let second = 0; second < 20; second++) {
    simulation.run({ perSecond: 500, forMs: 1000 });
    const ejected = [...simulation.shared.endpoints()].filter(({ state }) =>
      state.hasStatus("ejected"),
    ).length;
    most = Math.max(most, ejected);
  }
  simulation.close();
  assert.equal(most, 2, "a third of six");
});

test("an ejected endpoint that mended comes back by probation", () => {
  const simulation = new PoolSimulation({
    pool: { policy: "round-robin", outlier: { ejection: { base: "5s" } } },
    servers: [failing, good, good],
  });
  simulation.run({ perSecond: 300, forMs: 2000 });
  simulation.servers[0]!.isFailing = false;
  const during = simulation.run({ perSecond: 300, forMs: 2000 });
  assert.equal(during.filter(({ endpoint }) => endpoint === 0).length, 0);
  simulation.run({ perSecond: 300, forMs: 5000 });
  const after = simulation.run({ perSecond: 300, forMs: 2000 });
  simulation.close();
  const share = after.filter(({ endpoint }) => endpoint === 0).length / after.length;
  assert.ok(Math.abs(share - 1 / 3) < 0.05, `${share}`);
});

for (const [rule, outlier, odd] of [
  ["latency", { latency: { endpointsMin: 3, requestsMin: 20 } }, { serviceMs: 200 }],
  ["success rate", { successRate: { deviations: 1.5, endpointsMin: 5, requestsMin: 50 } }, failing],
  ["share of failures", { failureShare: { endpointsMin: 5, requestsMin: 50 } }, failing],
] as const) {
  test(`one whose ${rule} stands out among its peers is ejected when the interval ends, and nobody else`, () => {
    const simulation = new PoolSimulation({
      pool: {
        policy: "round-robin",
        outlier: { interval: "2s", consecutive: { errors: "unlimited" }, ...outlier },
      },
      servers: [odd, good, good, good, good, good],
    });
    const before = simulation.run({ perSecond: 300, forMs: 1500 });
    assert.ok(before.some(({ endpoint }) => endpoint === 0));
    simulation.run({ perSecond: 300, forMs: 1500 });
    const after = simulation.run({ perSecond: 300, forMs: 2000 });
    simulation.close();
    assert.deepEqual(new Set(after.map(({ endpoint }) => endpoint)), new Set([1, 2, 3, 4, 5]));
  });
}
