import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../core/random.ts";
import { createPolicy, hashAlgorithms, type PolicySpec } from "./create-policy.ts";
import type { Candidate, Policy } from "./policy.ts";

interface Fake extends Candidate {
  weight: number;
  nominalWeight?: number;
  activeRequests: number;
  isFull: boolean;
}

const keys = Array.from({ length: 4000 }, (_, i) => `${(i * 7) % 223}.${i % 256}.${(i * 13) % 256}.5`);

const specs: readonly PolicySpec[] = [
  ...hashAlgorithms.map((algorithm) => ({ name: "hash", algorithm }) as const),
  { name: "ip-hash" },
];

function pool(size: number): Fake[] {
  return Array.from({ length: size }, (_, i) => ({
    name: `10.0.0.${i}:80`,
    weight: 1,
    activeRequests: 0,
    peakLatencyMs: null,
    meanLatencyMs: null,
    isEligible: true,
    isFull: false,
  }));
}

function built(spec: PolicySpec, candidates: readonly Fake[]): Policy {
  let turns = 0;
  const policy = createPolicy(spec, { random: seededRandom(1), cursor: { next: () => turns++ } });
  policy.build?.(candidates);
  return policy;
}

function placeAll(policy: Policy, candidates: readonly Fake[]): (Fake | null)[] {
  return keys.map((key) => policy.pick(candidates, key, []));
}

for (const spec of specs) {
  describe(`${spec.name} ${"algorithm" in spec ? spec.algorithm : ""}`, () => {
    it("gives equal keys to equal endpoints", () => {
      const candidates = pool(7);
      const policy = built(spec, candidates);
      assert.deepEqual(placeAll(policy, candidates), placeAll(policy, candidates));
      assert.deepEqual(placeAll(built(spec, candidates), candidates), placeAll(policy, candidates));
    });

    it("moves only the keys of an endpoint that is away, spreads them, and gives them back", () => {
      const candidates = pool(6);
      const policy = built(spec, candidates);
      const before = placeAll(policy, candidates);
      const away = candidates[2]!;
      const without = placeAll(
        policy,
        candidates.filter((candidate) => candidate !== away),
      );
      const heirs = new Set<Fake | null>();
      for (const [i, home] of before.entries()) {
        if (home === away) heirs.add(without[i]!);
        else assert.equal(without[i], home);
      }
      assert.equal(heirs.size, 5);
      assert.deepEqual(placeAll(policy, candidates), before);
    });

    it("treats a full endpoint and a tried one like one that is away", () => {
      const candidates = pool(6);
      const policy = built(spec, candidates);
      const away = candidates[4]!;
      const without = placeAll(
        policy,
        candidates.filter((candidate) => candidate !== away),
      );
      assert.deepEqual(
        keys.map((key) => policy.pick(candidates, key, [away])),
        without,
      );
      away.isFull = true;
      assert.deepEqual(placeAll(policy, candidates), without);
    });

    it("places keys anew when build tells of other members", () => {
      const old = pool(4);
      const policy = built(spec, old);
      placeAll(policy, old);
      const changed = [
        ...old.slice(0, 3),
        { ...old[3]!, name: "10.9.9.9:80", weight: 2 },
        ...pool(6).slice(4),
      ];
      policy.build?.(changed);
      assert.deepEqual(placeAll(policy, changed), placeAll(built(spec, changed), changed));
      assert.equal(new Set(placeAll(policy, changed)).size, 6);
    });

    it("in slow start an endpoint takes its part of its keys, more and more of the same", () => {
      const candidates = pool(4);
      for (const candidate of candidates) candidate.nominalWeight = 1;
      const policy = built(spec, candidates);
      const before = placeAll(policy, candidates);
      const starting = candidates[1]!;
      const all = before.filter((home) => home === starting).length;
      let taken = new Set<string>();
      for (const weight of [0.25, 0.5, 0.75, 1]) {
        starting.weight = weight;
        policy.build?.(candidates);
        const now = placeAll(policy, candidates);
        for (const [i, home] of before.entries()) if (home !== starting) assert.equal(now[i], home);
        const found = new Set(keys.filter((_, i) => now[i] === starting));
        assert.ok(Math.abs(found.size / all - weight) < 0.05, `${found.size} of ${all} at ${weight}`);
        for (const key of taken) assert.ok(found.has(key), `${key} taken and given up`);
        taken = found;
      }
    });

    it("a request without a key goes round robin", () => {
      const candidates = pool(3);
      const policy = built(spec, candidates);
      const names = Array.from({ length: 6 }, () => policy.pick(candidates, "", [])?.name.charAt(7));
      assert.deepEqual(names, ["0", "1", "2", "0", "1", "2"]);
    });
  });

  const bounded = { ...spec, boundedLoad: 1.25 };
  describe(`${spec.name} ${"algorithm" in spec ? spec.algorithm : ""} with bounded load`, () => {
    it("lets one popular key fill nobody beyond the factor, and others as little", () => {
      const candidates = pool(10);
      const policy = built(bounded, candidates);
      for (let n = 0; n < 1000; n++) {
        const picked = policy.pick(candidates, n % 2 === 0 ? "7.7.7.7" : keys[n]!, [])!;
        picked.activeRequests++;
        assert.ok(picked.activeRequests <= Math.ceil((1.25 * (n + 1)) / 10), `${picked.name} after ${n}`);
      }
    });

    it("gives a key back to its own endpoint once that has room", () => {
      const candidates = pool(10);
      const policy = built(bounded, candidates);
      const home = policy.pick(candidates, "7.7.7.7", []);
      for (let n = 0; n < 30; n++) policy.pick(candidates, "7.7.7.7", [])!.activeRequests++;
      assert.notEqual(policy.pick(candidates, "7.7.7.7", []), home);
      for (const candidate of candidates) candidate.activeRequests = 0;
      assert.equal(policy.pick(candidates, "7.7.7.7", []), home);
    });
  });
}
