/** Ten thousand endpoints in one pool: state, eligibility and policies of production, without their connections. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolSimulation } from "../support/pool-simulation.ts";

const size = 10_000;
const servers = Array.from({ length: size }, (_, index) => (index < 100 ? { isFailing: true } : {}));

for (const policy of ["peak-ewma", "round-robin"] as const) {
  test(`${policy}: ten thousand endpoints share the load, and the failing ones go`, () => {
    const simulation = new PoolSimulation({
      pool: { policy, outlier: { consecutive: { errors: 1 } } },
      servers,
    });
    const records = simulation.run({ perSecond: 10_000, forMs: 1000 });
    const ejected = [...simulation.shared.endpoints()].filter(({ state }) => state.hasStatus("ejected"));
    simulation.close();
    const used = new Set(records.map(({ endpoint }) => endpoint));
    assert.ok(used.size > size / 4, `${used.size} endpoints were used`);
    assert.ok(ejected.length > 0 && ejected.every(({ config }) => Number(config.name) < 100));
    assert.equal(records.filter(({ outcome }) => outcome === "failed").length, ejected.length);
  });
}
