import assert from "node:assert/strict";
import { test } from "node:test";
import { createPolicy } from "../create-policy.ts";
import type { Candidate } from "../policy.ts";
import type { EndpointModel, LatencyTracker } from "./simulated-endpoint.ts";
import { simulate, type CreatePolicy, type SimulationSettings } from "./simulation.ts";
import { latencyQuantile, longestWait, shareErrorOf, sharesOf } from "./statistics.ts";

/** Remembers the last sample: enough for a policy to see whatever the simulation tells the tracker. */
function lastSample(): LatencyTracker {
  let last: number | null = null;
  return {
    observe: (latencyMs) => void (last = latencyMs),
    peakMs: () => last,
    meanMs: () => last,
  };
}

const parts = { seed: 1, createLatency: lastSample };

function endpoint(change: Partial<EndpointModel> = {}): EndpointModel {
  return { name: "a:1", weight: 1, serviceMs: 10, servers: 1, isFailing: false, ...change };
}

function settings(change: Partial<SimulationSettings> = {}): SimulationSettings {
  return {
    endpoints: [endpoint()],
    clients: 1,
    thinkMs: 10,
    durationMs: 10_000,
    warmUpMs: 0,
    returning: null,
    ...change,
  };
}

const roundRobin: CreatePolicy = (policyParts) => createPolicy({ name: "round-robin" }, policyParts);

test("the same seed gives the same record, another seed another", () => {
  const two = settings({ endpoints: [endpoint(), endpoint({ name: "b:1" })], clients: 5 });
  const random: CreatePolicy = (policyParts) => createPolicy({ name: "random" }, policyParts);
  assert.deepEqual(simulate(random, two, parts), simulate(random, two, parts));
  assert.notDeepEqual(simulate(random, two, parts), simulate(random, two, { ...parts, seed: 2 }));
});

test("a lone client never waits: its latency is the service time, 5 to 15 ms around a mean of 10", () => {
  const latencies = simulate(roundRobin, settings(), parts).map(({ latencyMs }) => latencyMs);
  const mean = latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length;
  assert.ok(Math.abs(mean - 10) < 0.5, `${mean}`);
  assert.ok(Math.min(...latencies) >= 5 && Math.max(...latencies) <= 15);
});

test("one server serves one at a time: ten eager clients wait ten times as long and throughput stays", () => {
  const records = simulate(roundRobin, settings({ clients: 10, thinkMs: 0 }), parts);
  assert.ok(Math.abs(records.length - 1000) < 30, `${records.length} in 10 s at 10 ms each`);
  assert.ok(Math.abs(latencyQuantile(records, 0.5) - 100) < 10);
  const faster = simulate(
    roundRobin,
    settings({ clients: 10, thinkMs: 0, endpoints: [endpoint({ servers: 10 })] }),
    parts,
  );
  assert.ok(latencyQuantile(faster, 1) <= 15);
});

test("requests in flight and latency are told to the policy", () => {
  const seen: (readonly [number, number | null])[] = [];
  const watching: CreatePolicy = () => ({
    needsKey: false,
    pick<C extends Candidate>(eligible: readonly C[]): C {
      seen.push([eligible[0]!.activeRequests, eligible[0]!.peakLatencyMs]);
      return eligible[0]!;
    },
  });
  simulate(watching, settings({ clients: 3, thinkMs: 0 }), parts);
  assert.deepEqual(
    seen.slice(0, 3).map(([active]) => active),
    [0, 1, 2],
  );
  assert.equal(seen[0]![1], null);
  assert.ok(seen.at(-1)![1]! > 5);
  assert.equal(Math.max(...seen.map(([active]) => active)), 2);
});

test("a failing endpoint answers at once, marked as a failure, and holds no server", () => {
  const failing = endpoint({ isFailing: true, serviceMs: 1 });
  const records = simulate(roundRobin, settings({ endpoints: [failing], clients: 4 }), parts);
  assert.ok(records.length > 0 && records.every(({ isFailure }) => isFailure));
  assert.ok(latencyQuantile(records, 1) < 1.001);
});

test("an endpoint that is to return gets nothing before, and is unknown when it does", () => {
  const known: boolean[] = [];
  const watching: CreatePolicy = () => ({
    needsKey: false,
    pick<C extends Candidate>(eligible: readonly C[]): C | null {
      const returned = eligible[1];
      if (returned !== undefined) known.push(returned.peakLatencyMs !== null);
      return returned ?? eligible[0]!;
    },
  });
  const two = [endpoint(), endpoint({ name: "b:1" })];
  const records = simulate(
    watching,
    settings({ endpoints: two, returning: { index: 1, atMs: 5_000 } }),
    parts,
  );
  assert.ok(records.every(({ endpoint: index, sentMs }) => (index === 1) === sentMs >= 5_000));
  assert.equal(known[0], false);
  assert.equal(known.at(-1), true);
});

test("what is sent during the warm-up is left out, and a policy that finds nobody ends nothing", () => {
  const records = simulate(roundRobin, settings({ warmUpMs: 9_000 }), parts);
  assert.ok(records.length > 0 && records.every(({ sentMs }) => sentMs >= 9_000));
  assert.deepEqual(
    simulate(() => ({ needsKey: false, pick: () => null }), settings({ thinkMs: 0 }), parts),
    [],
  );
});

test("a policy that invents a candidate is told so", () => {
  const inventive: CreatePolicy = () => ({ needsKey: false, pick: (eligible) => ({ ...eligible[0]! }) });
  assert.throws(() => simulate(inventive, settings(), parts), /one of those it was offered/);
});

test("the sums are right", () => {
  const records = [0, 1, 0, 0, 0, 1].map((index, i) => ({
    endpoint: index,
    sentMs: i,
    latencyMs: 10 * (i + 1),
    isFailure: false,
  }));
  assert.deepEqual(sharesOf(records, 3), [4 / 6, 2 / 6, 0]);
  assert.deepEqual(sharesOf([], 2), [0, 0]);
  assert.equal(shareErrorOf([0.5, 0.5], [3, 1]), 1);
  assert.equal(shareErrorOf([0.75, 0.25], [3, 1]), 0);
  assert.equal(latencyQuantile(records, 0.5), 40);
  assert.equal(latencyQuantile(records, 1), 60);
  assert.equal(latencyQuantile([], 0.5), 0);
  assert.equal(longestWait(records, 2), 3);
  assert.equal(longestWait(records, 3), 6);
});
