import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidate, Cursor } from "./policy.ts";
import { RoundRobin } from "./round-robin.ts";

interface Fake extends Candidate {
  weight: number;
  isFull: boolean;
}

function pool(weights: Readonly<Record<string, number>>): Fake[] {
  return Object.entries(weights).map(([name, weight]) => ({
    name,
    weight,
    activeRequests: 0,
    peakLatencyMs: null,
    meanLatencyMs: null,
    isEligible: true,
    isFull: false,
  }));
}

function sharedCursor(): Cursor {
  let turns = 0;
  return { next: () => turns++ };
}

function picks(
  policy: RoundRobin,
  candidates: readonly Fake[],
  count: number,
  tried: readonly Fake[] = [],
): string {
  return Array.from({ length: count }, () => policy.pick(candidates, "", tried)?.name).join("");
}

function counts(names: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}

test("weights 5, 1 and 1 are picked in nginx's order", () => {
  assert.equal(
    picks(new RoundRobin({ cursor: sharedCursor() }), pool({ a: 5, b: 1, c: 1 }), 14),
    "aabacaaaabacaa",
  );
});

test("workers that share the cursor share one sequence, however unevenly they are asked", () => {
  const cursor = sharedCursor();
  const workers = Array.from({ length: 3 }, () => ({
    policy: new RoundRobin({ cursor }),
    candidates: pool({ a: 3, b: 2, c: 1 }),
  }));
  let names = "";
  for (let i = 0; i < 600; i++) {
    const worker = workers[i % 7 < 4 ? 0 : i % 3]!;
    names += picks(worker.policy, worker.candidates, 1);
  }
  assert.equal(names, "abacba".repeat(100));
});

test("a full candidate's turns are passed over and the others keep their ratio", () => {
  const candidates = pool({ a: 5, b: 2, c: 1 });
  candidates[0]!.isFull = true;
  assert.deepEqual(counts(picks(new RoundRobin({ cursor: sharedCursor() }), candidates, 300)), {
    b: 200,
    c: 100,
  });
});

test("when the heavy ones are full the light ones still share evenly", () => {
  const candidates = pool({ a: 60_000, b: 1, c: 1, d: 1 });
  candidates[0]!.isFull = true;
  assert.deepEqual(counts(picks(new RoundRobin({ cursor: sharedCursor() }), candidates, 300)), {
    b: 100,
    c: 100,
    d: 100,
  });
});

test("retries take nobody's turn, so a failing endpoint does not draw every first attempt", () => {
  const policy = new RoundRobin({ cursor: sharedCursor() });
  const candidates = pool({ a: 1, b: 1, c: 1 });
  let first = "";
  let second = "";
  for (let i = 0; i < 300; i++) {
    const chosen = policy.pick(candidates, "", [])!;
    first += chosen.name;
    if (chosen.name === "a") second += picks(policy, candidates, 1, [chosen]);
  }
  assert.equal(first, "abc".repeat(100));
  assert.deepEqual(counts(second), { b: 50, c: 50 });
});

test("a weight that moves in place, as in slow start, is noticed", () => {
  const policy = new RoundRobin({ cursor: sharedCursor() });
  const candidates = pool({ a: 1, b: 1 });
  picks(policy, candidates, 10);
  candidates[1]!.weight = 0.25;
  picks(policy, candidates, 1);
  assert.deepEqual(counts(picks(policy, candidates, 100)), { a: 80, b: 20 });
});

test("weights whose period is too long to be written out still get their exact share", () => {
  const candidates = pool({ a: 99_991, b: 49_999, c: 10 });
  const found = counts(picks(new RoundRobin({ cursor: sharedCursor() }), candidates, 150_000));
  assert.deepEqual(found, { a: 99_991, b: 49_999, c: 10 });
});

test("beyond that length, weights that keep moving starve nobody", () => {
  const policy = new RoundRobin({ cursor: sharedCursor() });
  const candidates = pool({ a: 99_991, b: 99_989, c: 99_971 });
  let names = "";
  for (let i = 0; i < 300; i++) {
    candidates[0]!.weight = 99_991 + (i % 2) * 0.5;
    names += picks(policy, candidates, 1);
  }
  assert.deepEqual(counts(names), { a: 100, b: 100, c: 100 });
});
