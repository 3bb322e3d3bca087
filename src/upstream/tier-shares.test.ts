import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { firstTierShares, isEnough, localZoneShare, spillShares } from "./tier-shares.ts";

function rounded(shares: readonly number[]): number[] {
  return shares.map((share) => Math.round(share * 1000) / 1000);
}

describe("spillShares", () => {
  // The rows with 1.4 are those of Envoy's documentation on priority levels.
  const cases: readonly [eligible: number[], overprovisioning: number, shares: number[]][] = [
    [[1, 1], 1.4, [1, 0]],
    [[0.72, 1], 1.4, [1, 0]],
    [[0.71, 1], 1.4, [0.994, 0.006]],
    [[0.5, 0.5], 1.4, [0.7, 0.3]],
    [[0.25, 1], 1.4, [0.35, 0.65]],
    [[0.25, 0.25], 1.4, [0.5, 0.5]],
    [[0, 1], 1.4, [0, 1]],
    [[0, 0], 1.4, [0, 0]],
    [[0.2, 0.2, 0.2], 1.4, [0.333, 0.333, 0.333]],
    [[0.01], 1.4, [1]],
    [[0.125, 0.5, 0], 1.4, [0.2, 0.8, 0]],
    [[], 1.4, []],
    [[0.5, 1], 1, [0.5, 0.5]],
    [[0.1, 1], 10, [1, 0]],
  ];
  for (const [eligible, overprovisioning, shares] of cases) {
    it(`divides ${JSON.stringify(eligible)} at ${overprovisioning} into ${JSON.stringify(shares)}`, () => {
      assert.deepEqual(rounded(spillShares(eligible, overprovisioning)), shares);
    });
  }

  it("gives out exactly everything while anybody is left, and a dead tier nothing", () => {
    const share = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(share),
        fc.double({ min: 1, max: 10, noNaN: true }),
        (eligible, overprovisioning) => {
          const shares = spillShares(eligible, overprovisioning);
          const total = shares.reduce((sum, one) => sum + one, 0);
          assert.ok(Math.abs(total - (eligible.some((one) => one > 0) ? 1 : 0)) < 1e-9);
          shares.forEach((one, tier) => assert.ok(one >= 0 && (eligible[tier]! > 0 || one === 0)));
        },
      ),
    );
  });
});

describe("firstTierShares", () => {
  for (const [eligible, shares] of [
    [
      [0.01, 1],
      [1, 0],
    ],
    [
      [0, 0.5, 1],
      [0, 1, 0],
    ],
    [
      [0, 0],
      [0, 0],
    ],
  ] as const) {
    it(`gives ${JSON.stringify(eligible)} the shares ${JSON.stringify(shares)}`, () => {
      assert.deepEqual(firstTierShares(eligible), shares);
    });
  }
});

describe("isEnough", () => {
  it("adds up what the tiers can bear", () => {
    assert.equal(isEnough([0.5, 0.3], 1.4), true);
    assert.equal(isEnough([0.5, 0.2], 1.4), false);
  });
});

describe("localZoneShare", () => {
  for (const [local, others, zones, share] of [
    [4, 8, 3, 1],
    [6, 6, 3, 1],
    [2, 8, 3, 0.6],
    [0, 8, 3, 0],
    [3, 0, 3, 1],
    [0, 0, 3, 0],
  ] as const) {
    it(`keeps ${share} of the traffic with ${local} of ${local + others} in one of ${zones} zones`, () => {
      assert.ok(Math.abs(localZoneShare(local, others, zones) - share) < 1e-9);
    });
  }
});
