/** Policies that draw at random, in a pool where nearly everyone is full. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { createPolicy } from "./create-policy.ts";

for (const name of ["random", "power-of-two", "peak-ewma", "round-robin"] as const) {
  test(`${name} still shares by weight among the three of a hundred that have room`, () => {
    const candidates = Array.from({ length: 100 }, (_, i) => ({
      name: `10.0.0.${i}:80`,
      weight: i === 97 ? 3 : 1,
      activeRequests: 0,
      peakLatencyMs: 10,
      meanLatencyMs: 10,
      isEligible: true,
      isFull: i < 97,
    }));
    let turns = 0;
    const policy = createPolicy({ name }, { random: seededRandom(11), cursor: { next: () => turns++ } });
    const counts = new Map<string, number>();
    for (let n = 0; n < 20_000; n++) {
      const picked = policy.pick(candidates, "", [])!.name;
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
    for (const [host, share] of [
      [97, 0.6],
      [98, 0.2],
      [99, 0.2],
    ] as const) {
      const found = counts.get(`10.0.0.${host}:80`)! / 20_000;
      assert.ok(Math.abs(found - share) < 0.025, `${host}: ${found} instead of ${share}`);
    }
  });
}
