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

test("least-time multiplies by the requests in flight and divides by the weight", () => {
  assert.equal(
    picks(leastTime(), { meanLatencyMs: 50, activeRequests: 1 }, { meanLatencyMs: 130 }),
    "aaaaaa",
  );
  assert.equal(
    picks(leastTime(), { meanLatencyMs: 50, activeRequests: 2 }, { meanLatencyMs: 130 }),
    "bbbbbb",
  );
  assert.equal(picks(leastTime(), { meanLatencyMs: 50 }, { meanLatencyMs: 130, weight: 3 }), "bbbbbb");
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

test("peak-ewma multiplies latency by requests in flight plus one and divides by weight", () => {
  const policy = () => peakEwma({ choices: 0 }, { random: seededRandom(1) });
  assert.equal(picks(policy(), { peakLatencyMs: 10, activeRequests: 3 }, { peakLatencyMs: 39 }), "bbbbbb");
  assert.equal(picks(policy(), { peakLatencyMs: 10, activeRequests: 3 }, { peakLatencyMs: 41 }), "aaaaaa");
  assert.equal(picks(policy(), { peakLatencyMs: 10 }, { peakLatencyMs: 29, weight: 3 }), "bbbbbb");
});

test("peak-ewma assumes 30 ms, or what it is told, of an endpoint that has not answered", () => {
  const options = { choices: 0 };
  const parts = { random: seededRandom(1) };
  assert.equal(picks(peakEwma(options, parts), { peakLatencyMs: 29 }, {}), "aaaaaa");
  assert.equal(picks(peakEwma(options, parts), { peakLatencyMs: 31 }, {}), "bbbbbb");
  assert.equal(
    picks(peakEwma({ ...options, unknownLatencyMs: 100 }, parts), { peakLatencyMs: 99 }, {}),
    "aaaaaa",
  );
});

test("peak-ewma compares two of the pool unless told otherwise", () => {
  const pool = [1, 2, 3, 4].map((peakLatencyMs) => ({ peakLatencyMs }));
  const found = new Set(
    Array.from({ length: 40 }, (_, seed) =>
      picks(peakEwma({}, { random: seededRandom(seed) }), ...pool),
    ).join(""),
  );
  assert.deepEqual([...found].sort(), ["a", "b", "c"], "the slowest of all is never the better of two");
});
