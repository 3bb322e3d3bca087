/**
 * Seeded shares of every policy. Policies that know no load are asked while the pool is idle; those that
 * balance load are filled with requests that never end, and must fill each candidate by its weight.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../core/random.ts";
import { createPolicy, hashAlgorithms, type PolicySpec } from "./create-policy.ts";

const weightSets = [
  [1, 1, 1, 1],
  [5, 3, 1, 1],
  [1, 0.5, 0.25, 0.05],
  [10, 1, 0, 1, 2, 2, 3, 1, 1, 4],
] as const;

const latencyMs = 40;

interface Case {
  readonly spec: PolicySpec;
  readonly weights: readonly number[];
  readonly isFilling: boolean;
  readonly picks: number;
  /** Largest difference between a share and the weight's share. */
  readonly tolerance: number;
}

function shares({ spec, weights, isFilling, picks }: Case): number[] {
  const candidates = weights.map((weight, i) => ({
    name: `10.0.0.${i}:8080`,
    weight,
    activeRequests: 0,
    peakLatencyMs: latencyMs,
    meanLatencyMs: latencyMs,
    isEligible: true,
    isFull: false,
  }));
  let turns = 0;
  const policy = createPolicy(spec, { random: seededRandom(2026), cursor: { next: () => turns++ } });
  policy.build?.(candidates);
  const counts = new Map(candidates.map((candidate) => [candidate, 0]));
  for (let n = 0; n < picks; n++) {
    const key = `${(n * 131) % 223}.${(n >> 7) & 255}.${(n * 17) & 255}.1`;
    const picked = policy.pick(candidates, key, [])!;
    counts.set(picked, counts.get(picked)! + 1);
    if (isFilling) picked.activeRequests++;
  }
  return [...counts.values()].map((count) => count / picks);
}

function check(found: Case): void {
  const { spec, weights, isFilling, tolerance } = found;
  const { name, ...options } = spec;
  it(`${[name, ...Object.values(options)].join(" ")} ${isFilling ? "fills" : "serves"} ${weights.join("/")}`, () => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, share] of shares(found).entries()) {
      const expected = weights[i]! / total;
      if (expected === 0) assert.equal(share, 0);
      assert.ok(Math.abs(share - expected) <= tolerance, `${i}: ${share} instead of ${expected}`);
    }
  });
}

describe("an idle pool is shared by weight", () => {
  for (const weights of weightSets) {
    const idle = { weights, isFilling: false };
    // 3,600 is a multiple of every set's period.
    check({ ...idle, spec: { name: "round-robin" }, picks: 3600, tolerance: 1e-9 });
    check({ ...idle, spec: { name: "least-request" }, picks: 3600, tolerance: 1e-9 });
    check({ ...idle, spec: { name: "random" }, picks: 100_000, tolerance: 0.006 });
    check({ ...idle, spec: { name: "least-request", choices: 3 }, picks: 100_000, tolerance: 0.006 });
    check({ ...idle, spec: { name: "power-of-two" }, picks: 100_000, tolerance: 0.006 });
    check({ ...idle, spec: { name: "ip-hash" }, picks: 57_000, tolerance: 0.03 });
    for (const algorithm of hashAlgorithms) {
      // 160 points per unit of weight leave a ring uneven; nginx's is as uneven.
      const tolerance = algorithm === "ketama" ? 0.08 : 0.02;
      check({ ...idle, spec: { name: "hash", algorithm }, picks: 57_000, tolerance });
    }
  }
});

describe("requests in flight settle by weight", () => {
  for (const weights of weightSets) {
    const filling = { weights, isFilling: true, picks: 5000 };
    check({ ...filling, spec: { name: "least-request" }, tolerance: 0.001 });
    check({ ...filling, spec: { name: "least-time" }, tolerance: 0.001 });
    check({ ...filling, spec: { name: "peak-ewma", choices: 0 }, tolerance: 0.001 });
    check({ ...filling, spec: { name: "least-request", choices: 3 }, tolerance: 0.02 });
    check({ ...filling, spec: { name: "power-of-two" }, tolerance: 0.02 });
    check({ ...filling, spec: { name: "peak-ewma" }, tolerance: 0.02 });
    check({ ...filling, spec: { name: "hash", algorithm: "maglev", boundedLoad: 1.1 }, tolerance: 0.05 });
  }
});
