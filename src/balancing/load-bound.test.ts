import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadBound } from "./load-bound.ts";
import type { Candidate } from "./policy.ts";

function candidate(activeRequests: number, weight = 1): Candidate & { activeRequests: number } {
  return {
    name: "a:1",
    weight,
    activeRequests,
    peakLatencyMs: null,
    meanLatencyMs: null,
    isEligible: true,
    isFull: false,
  };
}

test("there is room below the factor times the mean, the new request included", () => {
  const pool = [candidate(3), candidate(2), candidate(1), candidate(2)];
  const bound = new LoadBound(1.25);
  bound.refresh(pool);
  // ceil(1.25 × 9 / 4) = 3
  assert.deepEqual(
    pool.map((member) => bound.hasRoom(member)),
    [false, true, true, true],
  );
});

test("the bound is each one's share by weight", () => {
  const pool = [candidate(6, 3), candidate(3, 1)];
  const bound = new LoadBound(1.1);
  bound.refresh(pool);
  // ceil(1.1 × 10 × 3/4) = 9 and ceil(1.1 × 10 / 4) = 3
  assert.deepEqual(
    pool.map((member) => bound.hasRoom(member)),
    [true, false],
  );
});

test("an idle pool has room everywhere", () => {
  const pool = Array.from({ length: 50 }, () => candidate(0));
  const bound = new LoadBound(1.01);
  bound.refresh(pool);
  assert.ok(pool.every((member) => bound.hasRoom(member)));
});

test("in a large pool the mean is as old as one round of counting, and no older", () => {
  const pool = Array.from({ length: 160 }, () => candidate(0));
  const bound = new LoadBound(1.25);
  bound.refresh(pool);
  for (const member of pool) member.activeRequests = 4;
  assert.equal(bound.hasRoom(pool[0]!), false);
  for (let picks = 0; picks < 40; picks++) bound.refresh(pool);
  assert.equal(bound.hasRoom(pool[0]!), true);
});

test("another array is counted anew", () => {
  const bound = new LoadBound(1.25);
  bound.refresh([candidate(100), candidate(100)]);
  const pool = [candidate(2), candidate(1)];
  bound.refresh(pool);
  assert.deepEqual(
    pool.map((member) => bound.hasRoom(member)),
    [true, true],
  );
  pool[0]!.activeRequests = 5;
  bound.refresh(pool);
  assert.equal(bound.hasRoom(pool[0]!), false);
});
