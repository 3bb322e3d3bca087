import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { SmoothRotation } from "./smooth-rotation.ts";
import { sequenceLengthMax, smoothSequence } from "./smooth-sequence.ts";

const letters = (weights: readonly number[]): string =>
  [...(smoothSequence(Float64Array.from(weights)) ?? [])].map((index) => "abcdefgh"[index]).join("");

test("the sequence is nginx's", () => {
  assert.equal(letters([5, 1, 1]), "aabacaa");
  assert.equal(letters([1, 1, 1]), "abc");
  assert.equal(letters([1, 2, 1]), "bacb");
  assert.equal(letters([2, 2, 1]), "abcab");
});

test("weights are reduced to their smallest whole ratio, fractions included", () => {
  assert.equal(letters([500, 100, 100]), "aabacaa");
  assert.equal(letters([0.5, 0.1, 0.1]), "aabacaa");
  assert.equal(letters([1.25, 2.5]), "bab");
});

test("who has no weight has no turn", () => {
  assert.equal(letters([0, 3, 0, 3]), "bd");
  assert.equal(letters([0, 0]), "");
  assert.equal(letters([]), "");
});

test("a weight below a thousandth still has its turn", () => {
  assert.equal(letters([0.0001, 0.002]), "bab");
});

test("the sequence is what the plain algorithm does, turn by turn, for any weights", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 12 }), (weights) => {
      const sequence = smoothSequence(Float64Array.from(weights)) ?? new Uint32Array(0);
      const plain = new SmoothRotation();
      plain.reset(weights.length);
      for (const index of sequence) {
        plain.begin();
        for (const [i, weight] of weights.entries()) if (weight > 0) plain.offer(i, weight);
        assert.equal(plain.take(), index);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});

test("a period that is too long is not written out", () => {
  assert.equal(smoothSequence(Float64Array.of(sequenceLengthMax - 1, 1))?.length, sequenceLengthMax);
  assert.equal(smoothSequence(Float64Array.of(sequenceLengthMax, 1)), null);
  const manyDistinct = Float64Array.from({ length: 300 }, (_, i) => i + 1);
  assert.equal(smoothSequence(manyDistinct), null, "45,150 turns among 300 different weights");
});
