import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidate } from "../balancing/policy.ts";
import { stillCandidates } from "../balancing/kit/still-candidate.ts";
import { parseConfig } from "../config/parse.ts";
import type { ConfigInput } from "../config/schema.ts";
import { seededRandom } from "../core/random.ts";
import { policyFrom } from "./policy-factory.ts";

type PolicyInput = NonNullable<NonNullable<ConfigInput["pools"]>[string]["policy"]>;

function sharesUnder(policy: PolicyInput, candidates: readonly Candidate[]): number[] {
  const result = parseConfig({ pools: { app: { policy, endpoints: ["http://a:1"] } } });
  assert.ok("config" in result);
  let turn = 0;
  const made = policyFrom(result.config.pools["app"]!.policy, {
    random: seededRandom(3),
    cursor: { next: () => turn++ },
  });
  made.build?.(candidates);
  const counts = candidates.map(() => 0);
  for (let i = 0; i < 600; i++) {
    const picked = made.pick(candidates, `10.0.${i >> 8}.${i & 255}`, []);
    assert.ok(picked !== null);
    counts[candidates.indexOf(picked)]!++;
  }
  return counts;
}

/** The third is the cheapest by requests in flight, the first by latency. */
const idle = stillCandidates(4).map((candidate, index) => ({
  ...candidate,
  weight: 1,
  activeRequests: index === 2 ? 0 : 5,
  peakLatencyMs: index === 0 ? 0.1 : 50,
}));

test("least-request: with choices it draws, without it finds the idlest of all", () => {
  assert.deepEqual(sharesUnder({ name: "least-request", choices: 0 }, idle), [0, 0, 600, 0]);
  const drawn = sharesUnder({ name: "least-request", choices: 2 }, idle);
  assert.ok(
    drawn.every((count) => count > 0),
    drawn.join(),
  );
});

test("peak-ewma: with 0 choices it compares all", () => {
  const drawn = sharesUnder({ name: "peak-ewma" }, idle);
  assert.ok(drawn[3]! > 0, drawn.join());
  assert.deepEqual(sharesUnder({ name: "peak-ewma", choices: 0 }, idle).slice(3), [0]);
});

test("peak-ewma: the latency assumed of an unknown endpoint is the user's", () => {
  const unknown = idle.map((candidate, index) => ({
    ...candidate,
    activeRequests: 1,
    peakLatencyMs: index === 1 ? null : 100,
  }));
  const all = { name: "peak-ewma", choices: 0 } as const;
  assert.deepEqual(sharesUnder({ ...all, unknownLatency: "1ms" }, unknown), [0, 600, 0, 0]);
  assert.equal(sharesUnder({ ...all, unknownLatency: "10s" }, unknown)[1], 0);
});

test("hash: bounded load and algorithm are the user's", () => {
  const busy = idle.map((candidate, index) => ({ ...candidate, activeRequests: index === 1 ? 1000 : 0 }));
  assert.ok(sharesUnder({ name: "hash" }, busy)[1]! > 0);
  assert.equal(sharesUnder({ name: "hash", boundedLoad: 1.25 }, busy)[1], 0);
  assert.equal(sharesUnder({ name: "ip-hash", boundedLoad: 1.25 }, busy)[1], 0);
  const placed = ["ketama", "maglev", "rendezvous", "modulo"] as const;
  const ways = placed.map((algorithm) => sharesUnder({ name: "hash", algorithm }, idle).join());
  assert.equal(new Set(ways).size, placed.length, ways.join(" | "));
});
