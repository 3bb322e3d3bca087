/** How least-time and peak-ewma price candidates. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { leastTime } from "./least-time.ts";
import { peakEwma } from "./peak-ewma.ts";
import type { Candidate, Policy } from "./policy.ts";

type Numbers = Partial<Pick<Candidate, "weight" | "activeRequests" | "peakLatencyMs" | "meanLatencyMs">>;

/** Who is picked from an idle pool in which the i-th has these numbers, over six picks. */
function picks(policy: Policy, ...pool: Numbers[]): string {
  const candidates = pool.map((numbers, i) => ({
    name: "abcd"[i]!,
    weight: 1,
    activeRequests: 0,
    peakLatencyMs: null,
    meanLatencyMs: null,
    isEligible: true,
    isFull: false,
    ...numbers,
  }));
  return Array.from({ length: 6 }, () => policy.pick(candidates, "", [])!.name).join("");
}

test("least-time takes latencies within the same 20 ms for equal and lets them take turns", () => {
  assert.equal(picks(leastTime(), { meanLatencyMs: 1 }, { meanLatencyMs: 19.9 }), "ababab");
  assert.equal(picks(leastTime(), { meanLatencyMs: 19.9 }, { meanLatencyMs: 20 }), "aaaaaa");
});

test("least-time multiplies by the requests in flight per weight", () => {
  assert.equal(
    picks(leastTime(), { meanLatencyMs: 50, activeRequests: 1 }, { meanLatencyMs: 130 }),
    "aaaaaa",
  );
  assert.equal(
    picks(leastTime(), { meanLatencyMs: 50, activeRequests: 2 }, { meanLatencyMs: 130 }),
    "bbbbbb",
  );
  // 60 × (1 + 5 × 200/300) against 60 × (1 + 2 × 200/100): only the ratio of the weights matters.
  const heavy = { meanLatencyMs: 50, activeRequests: 5, weight: 300 };
  assert.equal(picks(leastTime(), heavy, { meanLatencyMs: 50, activeRequests: 2, weight: 100 }), "aaaaaa");
});

test("least-time shares an idle pool by weight", () => {
  assert.equal(picks(leastTime(), { meanLatencyMs: 50, weight: 2 }, { meanLatencyMs: 50 }), "abaaba");
});

test("least-time looks only at requests in flight beyond five seconds", () => {
  const slow = { meanLatencyMs: 60_000, activeRequests: 1 };
  assert.equal(picks(leastTime(), slow, { meanLatencyMs: 5_001, activeRequests: 2 }), "aaaaaa");
});

test("least-time tries an unknown endpoint with one request and waits for its answer", () => {
  const known = { meanLatencyMs: 70, activeRequests: 3 };
  assert.equal(picks(leastTime(), known, {}), "bbbbbb");
  assert.equal(picks(leastTime(), known, { activeRequests: 1 }), "aaaaaa");
});

const peakEwmaOfAll = (options: object = {}) =>
  peakEwma({ choices: 0, ...options }, { random: seededRandom(1) });

test("peak-ewma multiplies latency by the requests in flight per weight", () => {
  assert.equal(
    picks(peakEwmaOfAll(), { peakLatencyMs: 10, activeRequests: 3 }, { peakLatencyMs: 31 }),
    "bbbbbb",
  );
  assert.equal(
    picks(peakEwmaOfAll(), { peakLatencyMs: 10, activeRequests: 3 }, { peakLatencyMs: 51 }),
    "aaaaaa",
  );
  const heavy = { peakLatencyMs: 10, activeRequests: 5, weight: 300 };
  assert.equal(
    picks(peakEwmaOfAll(), heavy, { peakLatencyMs: 10, activeRequests: 3, weight: 100 }),
    "aaaaaa",
  );
});

test("peak-ewma takes loads within a fifth for equal and shares by weight among them", () => {
  assert.equal(
    picks(peakEwmaOfAll(), { peakLatencyMs: 81, weight: 1 }, { peakLatencyMs: 100, weight: 2 }),
    "babbab",
  );
  assert.equal(
    picks(peakEwmaOfAll(), { peakLatencyMs: 79, weight: 1 }, { peakLatencyMs: 100, weight: 2 }),
    "aaaaaa",
  );
});

test("peak-ewma tries an endpoint that never answered once, however fast the others are", () => {
  assert.equal(picks(peakEwmaOfAll(), { peakLatencyMs: 0.1 }, {}), "bbbbbb");
  assert.equal(picks(peakEwmaOfAll(), { peakLatencyMs: 0.1 }, { activeRequests: 1 }), "aaaaaa");
});

test("peak-ewma assumes 30 ms, or what it is told, until that answer", () => {
  const waiting = { activeRequests: 1 };
  assert.equal(picks(peakEwmaOfAll(), { peakLatencyMs: 47 }, waiting), "aaaaaa");
  assert.equal(picks(peakEwmaOfAll(), { peakLatencyMs: 76 }, waiting), "bbbbbb");
  assert.equal(picks(peakEwmaOfAll({ unknownLatencyMs: 100 }), { peakLatencyMs: 76 }, waiting), "aaaaaa");
});

test("peak-ewma compares two of the pool unless told otherwise", () => {
  const pool = [1, 2, 4, 8].map((peakLatencyMs) => ({ peakLatencyMs }));
  const found = new Set(
    Array.from({ length: 40 }, (_, seed) =>
      picks(peakEwma({}, { random: seededRandom(seed) }), ...pool),
    ).join(""),
  );
  assert.deepEqual([...found].sort(), ["a", "b", "c"], "the slowest of all is never the better of two");
});
