import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { slowStartShare, slowStartWaitMs } from "./slow-start.ts";

const even = { windowMs: 30_000, floor: 0.1, aggression: 1 };

describe("slowStartShare", () => {
  for (const [elapsedMs, aggression, share] of [
    [-5, 1, 0.1],
    [0, 1, 0.1],
    [2_999, 1, 0.1],
    [15_000, 1, 0.5],
    [29_999, 1, 0.999_967],
    [30_000, 1, 1],
    [1e9, 1, 1],
    [7_500, 2, 0.5],
    [15_000, 0.5, 0.25],
  ] as const) {
    it(`is ${share} after ${elapsedMs} ms at aggression ${aggression}`, () => {
      assert.ok(Math.abs(slowStartShare(elapsedMs, { ...even, aggression }) - share) < 1e-6);
    });
  }

  it("is full at once without a window", () => assert.equal(slowStartShare(0, { ...even, windowMs: 0 }), 1));

  it("never falls and stays between floor and 1", () => {
    const settings = fc.record({
      windowMs: fc.integer({ min: 1, max: 1e6 }),
      floor: fc.double({ min: 0, max: 1, noNaN: true }),
      aggression: fc.double({ min: 0.1, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(settings, fc.nat(2e6), fc.nat(1e5), (some, elapsedMs, laterMs) => {
        const now = slowStartShare(elapsedMs, some);
        assert.ok(now >= some.floor && now <= slowStartShare(elapsedMs + laterMs, some) && now <= 1);
      }),
    );
  });
});

describe("slowStartWaitMs", () => {
  it("leads to the full weight in about fifty steps of at most 2 % each", () => {
    for (const aggression of [0.5, 1, 3]) {
      const settings = { ...even, aggression, floor: 0 };
      let elapsedMs = 0;
      let steps = 0;
      for (
        let waitMs = slowStartWaitMs(0, settings);
        waitMs !== null;
        waitMs = slowStartWaitMs(elapsedMs, settings)
      ) {
        const before = slowStartShare(elapsedMs, settings);
        elapsedMs += waitMs;
        steps++;
        assert.ok(slowStartShare(elapsedMs, settings) - before < 0.021 || waitMs === 1);
        assert.ok(steps <= 60);
      }
      assert.ok(elapsedMs >= 29_999 && elapsedMs < 30_002, `${elapsedMs}`);
    }
  });

  it("has nothing to wait for once the weight is full", () =>
    assert.equal(slowStartWaitMs(30_000, even), null));
});
