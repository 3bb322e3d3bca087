/**
 * A returned endpoint's share of the traffic follows the slow-start curve. Policies that count requests in
 * flight alone (least-request) follow it only under load: one request at a time always seems few to them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { slowStartShare } from "../../src/upstream/slow-start.ts";
import { PoolSimulation } from "../support/pool-simulation.ts";

const windowMs = 20_000;
const steps = 10;

for (const [policy, aggression, tolerance] of [
  ["round-robin", 1, 0.02],
  ["round-robin", 2, 0.02],
  ["random", 1, 0.03],
  ["peak-ewma", 1, 0.06],
] as const) {
  test(`${policy}, aggression ${aggression}: the share keeps to the curve within ${tolerance}`, () => {
    const simulation = new PoolSimulation({
      pool: { policy, slowStart: { window: "20s", floor: "10%", aggression } },
      servers: [{}, {}, {}, {}],
    });
    simulation.run({ perSecond: 500, forMs: 1000 });
    const [back] = simulation.shared.endpoints();
    assert.ok(back);
    simulation.slowStarts.recovered(back);
    for (let step = 0; step < steps; step++) {
      const records = simulation.run({ perSecond: 1000, forMs: windowMs / steps });
      const got = records.filter(({ endpoint }) => endpoint === 0).length / records.length;
      const middleMs = ((step + 0.5) / steps) * windowMs;
      const weight = slowStartShare(middleMs, { windowMs, floor: 0.1, aggression });
      const expected = weight / (weight + 3);
      assert.ok(
        Math.abs(got - expected) < tolerance,
        `step ${step}: ${got.toFixed(3)}, expected ${expected.toFixed(3)}`,
      );
    }
    simulation.close();
  });
}
