import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { AliasTable } from "./alias-table.ts";

/** Draws at evenly spaced points, so that every weight's share comes out without chance. */
function sharesOf(weights: readonly number[], points: number): number[] {
  const table = new AliasTable();
  table.build(Float64Array.from(weights));
  const counts = weights.map(() => 0);
  for (let i = 0; i < points; i++) counts[table.draw({ next: () => (i + 0.5) / points })]!++;
  return counts.map((count) => count / points);
}

test("every index is drawn with its weight's share, whatever the weights", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat({ max: 9 }), fc.double({ min: 0, max: 3, noNaN: true })), {
        minLength: 1,
        maxLength: 9,
      }),
      (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        fc.pre(total > 1e-9);
        for (const [i, share] of sharesOf(weights, 50_000).entries()) {
          assert.ok(Math.abs(share - weights[i]! / total) < 0.001, `${i}: ${share} of ${weights.join("/")}`);
        }
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

test("what has no weight is never drawn, not even through rounding", () => {
  const weights = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? 0 : 0.1 + i / 7));
  const shares = sharesOf(weights, 300_000);
  assert.deepEqual(
    shares.filter((share, i) => share > 0 && weights[i] === 0),
    [],
  );
});

test("a draw is an index even when nothing has weight", () => {
  assert.deepEqual(sharesOf([0, 0, 0], 30), [1, 0, 0]);
});
