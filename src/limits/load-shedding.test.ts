import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../core/random.ts";
import { LoadShedder, refusalProbability, type ShedClass, type SheddingSettings } from "./load-shedding.ts";
import { VerdictCounts } from "./verdict.ts";

const settings: SheddingSettings = {
  lowFrom: 0.7,
  normalFrom: 0.9,
  aggression: 1,
  retryAfterMs: 1000,
  mode: "enforce",
};

function refusedShare(priority: ShedClass, inUse: number, some: Partial<SheddingSettings> = {}): number {
  const shedder = new LoadShedder({ ...settings, ...some }, seededRandom(1), VerdictCounts.create(1));
  for (let request = 0; request < 10_000; request++) shedder.judge(priority, inUse, 100);
  return shedder.read().rejected / 10_000;
}

describe("refusalProbability", () => {
  for (const [load, from, aggression, probability] of [
    [0.5, 0.7, 1, 0],
    [0.7, 0.7, 1, 0],
    [0.85, 0.7, 1, 0.5],
    [1, 0.7, 1, 1],
    [3, 1, 1, 1],
    [0.99, 1, 1, 0],
    [0.775, 0.7, 2, 0.5],
  ] as const) {
    it(`is ${probability} at load ${load} from ${from} with aggression ${aggression}`, () => {
      assert.ok(Math.abs(refusalProbability(load, from, aggression) - probability) < 1e-9);
    });
  }
});

describe("LoadShedder", () => {
  for (const [priority, inUse, share] of [
    ["low", 69, 0],
    ["low", 84, 0.5],
    ["low", 99, 1],
    ["normal", 99, 1],
    ["normal", 85, 0],
    ["normal", 94, 0.5],
    ["high", 99, 0],
    ["high", 100, 1],
  ] as const) {
    it(`refuses ${share * 100} % of ${priority} priority with ${inUse} of 100 places taken`, () => {
      assert.ok(Math.abs(refusedShare(priority, inUse) - share) < 0.02);
    });
  }

  it("refuses everybody where there is no place at all", () => {
    const shedder = new LoadShedder(settings, seededRandom(1), VerdictCounts.create(1));
    assert.equal(shedder.judge("high", 0, 0).mustReject, true);
  });

  it("tells those refused when to come again, and in observe mode refuses nobody", () => {
    for (const mode of ["enforce", "observe"] as const) {
      const shedder = new LoadShedder({ ...settings, mode }, seededRandom(1), VerdictCounts.create(1));
      const verdict = shedder.judge("high", 100, 100);
      assert.deepEqual(
        [verdict.judgement, verdict.mustReject, verdict.retryAfterMs],
        ["reject", mode === "enforce", 1000],
      );
      assert.equal(shedder.read().rejected, 1);
    }
  });
});
