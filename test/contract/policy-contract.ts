/**
 * What every policy promises, whatever it does otherwise: it finds a usable candidate whenever there is
 * one, never returns one that was tried or is full, starves nobody it should serve, and keeps no grudge
 * from one pick to the next. Each policy runs this one suite; the policy's own numbers are tested beside it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Candidate, Policy, PolicyParts } from "../../src/balancing/policy.ts";
import { seededRandom } from "../../src/core/random.ts";

/** A candidate whose numbers the test sets. */
export interface FakeCandidate extends Candidate {
  name: string;
  weight: number;
  nominalWeight?: number;
  activeRequests: number;
  peakLatencyMs: number | null;
  meanLatencyMs: number | null;
  isEligible: boolean;
  isFull: boolean;
}

export function fakeCandidate(settings: Partial<FakeCandidate> = {}): FakeCandidate {
  return {
    name: "10.0.0.1:8080",
    weight: 1,
    activeRequests: 0,
    peakLatencyMs: null,
    meanLatencyMs: null,
    isEligible: true,
    isFull: false,
    ...settings,
  };
}

/** One candidate per weight, with distinct names. */
export function candidatesOf(weights: readonly number[]): FakeCandidate[] {
  return weights.map((weight, i) => fakeCandidate({ name: `10.0.${i >> 8}.${i & 255}:8080`, weight }));
}

export function seededParts(seed: number): PolicyParts {
  let turns = 0;
  return { random: seededRandom(seed), cursor: { next: () => turns++ } };
}

/** A key as each kind of hash policy takes it: an address that differs in its first three bytes. */
export function keyNumber(n: number): string {
  return `${1 + ((n * 7) % 223)}.${(n >> 8) & 255}.${n & 255}.9`;
}

export type CreatePolicy = (parts: PolicyParts) => Policy;

export interface PolicyTraits {
  /** Prefers candidates by their order, so that an idle one may wait for ever. */
  readonly mayStarveWhenIdle?: boolean;
}

const candidateArbitrary = fc.record({
  weight: fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.double({ min: 0.001, max: 5, noNaN: true }),
    fc.constant(0),
  ),
  activeRequests: fc.nat({ max: 50 }),
  peakLatencyMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
  meanLatencyMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
  isFull: fc.boolean(),
});

const poolArbitrary = fc
  .array(fc.tuple(candidateArbitrary, fc.boolean()), { minLength: 0, maxLength: 40 })
  .map((members) => {
    const candidates = members.map(([settings], i) => fakeCandidate({ ...settings, name: `host${i}:80` }));
    return { candidates, tried: candidates.filter((_, i) => members[i]![1]) };
  });

export function describePolicy(title: string, create: CreatePolicy, traits: PolicyTraits = {}): void {
  describe(title, () => {
    itFindsWhoIsUsable(create);
    itFollowsChanges(create);
    if (traits.mayStarveWhenIdle !== true) itStarvesNobody(create);
  });
}

function itFindsWhoIsUsable(create: CreatePolicy): void {
  it("gives null when the pool is empty, and when everyone is full, tried or without weight", () => {
    const policy = create(seededParts(1));
    policy.build?.([]);
    assert.equal(policy.pick([], "1.2.3.4", []), null);
    const [full, tried, weightless] = candidatesOf([1, 1, 0]) as [
      FakeCandidate,
      FakeCandidate,
      FakeCandidate,
    ];
    full.isFull = true;
    policy.build?.([full, tried, weightless]);
    assert.equal(policy.pick([full, tried, weightless], "1.2.3.4", [tried]), null);
  });

  it("returns a usable candidate exactly when there is one", () => {
    fc.assert(
      fc.property(poolArbitrary, fc.nat(), fc.boolean(), ({ candidates, tried }, seed, isKeyed) => {
        const policy = create(seededParts(seed));
        policy.build?.(candidates);
        const usable = candidates.filter(
          (candidate) => !candidate.isFull && candidate.weight > 0 && !tried.includes(candidate),
        );
        for (let n = 0; n < 5; n++) {
          const picked = policy.pick(candidates, isKeyed ? keyNumber(seed + n) : "", tried);
          if (usable.length === 0) assert.equal(picked, null);
          else assert.ok(picked !== null && usable.includes(picked), `picked ${picked?.name}`);
        }
      }),
      { numRuns: 300, seed: 42 },
    );
  });

  it("finds the single usable candidate among two thousand", () => {
    const candidates = candidatesOf(Array.from({ length: 2000 }, (_, i) => 1 + (i % 7)));
    for (const candidate of candidates) candidate.isFull = true;
    const lucky = candidates[1234]!;
    lucky.isFull = false;
    const policy = create(seededParts(2));
    policy.build?.(candidates);
    for (let n = 0; n < 20; n++) assert.equal(policy.pick(candidates, keyNumber(n), []), lucky);
  });

  it("leads one request through all candidates, each once, when every attempt fails", () => {
    const candidates = candidatesOf([5, 1, 1, 0.25, 3]);
    const policy = create(seededParts(3));
    policy.build?.(candidates);
    for (let n = 0; n < 50; n++) {
      const tried: Candidate[] = [];
      for (let left = candidates.length; left > 0; left--) {
        const picked = policy.pick(candidates, keyNumber(n), tried);
        assert.ok(picked !== null && !tried.includes(picked));
        tried.push(picked);
      }
      assert.equal(policy.pick(candidates, keyNumber(n), tried), null);
    }
  });
}

function itFollowsChanges(create: CreatePolicy): void {
  it("takes up a new list of eligible candidates at once", () => {
    const all = candidatesOf([1, 2, 3, 4]);
    const policy = create(seededParts(4));
    policy.build?.(all);
    for (const kept of [all.slice(0, 2), all, all.slice(2), [all[1]!], all.slice(1, 3)]) {
      for (let n = 0; n < 40; n++) {
        const picked = policy.pick(kept, keyNumber(n), []);
        assert.ok(picked !== null && kept.includes(picked));
      }
    }
  });

  it("serves candidates that build was never told of", () => {
    const policy = create(seededParts(5));
    policy.build?.(candidatesOf([1]));
    const strangers = [fakeCandidate({ name: "stranger:1" }), fakeCandidate({ name: "stranger:2" })];
    for (let n = 0; n < 10; n++) assert.ok(policy.pick(strangers, keyNumber(n), []) !== null);
  });

  it("sends nothing to a candidate whose weight sinks to 0 in place, and serves it when it returns", () => {
    const candidates = candidatesOf([1, 1, 1]);
    const policy = create(seededParts(6));
    policy.build?.(candidates);
    const first = candidates[0]!;
    for (let n = 0; n < 10; n++) policy.pick(candidates, keyNumber(n), []);
    first.weight = 0;
    for (let n = 0; n < 50; n++) assert.notEqual(policy.pick(candidates, keyNumber(n), []), first);
    first.weight = 1;
    const later = Array.from({ length: 300 }, (_, n) => policy.pick(candidates, keyNumber(n), []));
    assert.ok(later.includes(first));
  });

  it("is not led astray by the key: none, long, or beyond Latin-1", () => {
    const candidates = candidatesOf([1, 2]);
    const policy = create(seededParts(7));
    policy.build?.(candidates);
    for (const key of [
      "",
      "x".repeat(100_000),
      "ключ",
      "::1",
      "fe80::1%eth0",
      "unix:",
      "\u0000",
      "999.1.1.1",
    ]) {
      assert.ok(policy.pick(candidates, key, []) !== null, key.slice(0, 20));
    }
  });
}

function itStarvesNobody(create: CreatePolicy): void {
  it("serves every candidate of an idle pool", () => {
    const candidates = candidatesOf([4, 2, 1, 1]);
    const policy = create(seededParts(8));
    policy.build?.(candidates);
    const served = new Set(Array.from({ length: 400 }, (_, n) => policy.pick(candidates, keyNumber(n), [])));
    assert.equal(served.size, 4);
  });
}
