import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidate, Policy } from "../policy.ts";
import { builtInSubjects } from "./built-in-subjects.ts";
import { judgePolicy, type KitParts, type PolicyReport } from "./policy-report.ts";
import { renderReports } from "./render-reports.ts";
import type { LatencyTracker } from "./simulated-endpoint.ts";

/** A plain average in which a failure counts as a second, and a peak that is forgotten with τ = 10 s. */
function average(): LatencyTracker {
  let mean: number | null = null;
  let stampMs = 0;
  return {
    observe(latencyMs, isFailure, nowMs) {
      const sample = isFailure ? 1000 : latencyMs;
      mean = mean === null ? sample : 0.9 * mean + 0.1 * sample;
      stampMs = nowMs;
    },
    peakMs: (nowMs) => (mean === null ? null : mean * Math.exp((stampMs - nowMs) / 10_000)),
    meanMs: () => mean,
  };
}

const parts: KitParts = { seed: 7, createLatency: average, nowNs: null };
const reports = new Map<string, PolicyReport>();

function report(title: string): PolicyReport {
  const known = reports.get(title);
  if (known !== undefined) return known;
  const subject = builtInSubjects.find((built) => built.title === title);
  assert.ok(subject !== undefined, title);
  const judged = judgePolicy(subject, parts);
  reports.set(title, judged);
  return judged;
}

test("weights: round robin is exact, a policy blind to weights is not", () => {
  assert.ok(report("round-robin").weights.idleError < 0.01);
  assert.ok(report("round-robin").weights.busyError < 0.01);
  assert.ok(judgePolicy({ title: "blind", create: blind }, parts).weights.idleError > 0.4);
});

test("weights: every balancing policy of ours keeps within a tenth of them while the pool is idle", () => {
  for (const title of ["least-request", "power-of-two", "least-time", "peak-ewma"]) {
    const { idleError } = report(title).weights;
    assert.ok(idleError < 0.1, `${title}: ${idleError}`);
  }
});

test("one slow endpoint: who looks at load or latency is at least twice as quick at the 99th percentile", () => {
  const aloof = report("round-robin").slowEndpoint.p99Ms;
  for (const title of ["least-request", "power-of-two", "least-time", "peak-ewma"]) {
    const { p99Ms, slowShare } = report(title).slowEndpoint;
    assert.ok(p99Ms < aloof / 2, `${title}: ${p99Ms} of ${aloof} ms`);
    assert.ok(slowShare < 0.1, `${title}: ${slowShare}`);
  }
});

test("one failing endpoint: quick errors draw least-request and repel the latency policies", () => {
  assert.ok(report("least-request").failingShare > 0.3);
  for (const title of ["least-time", "peak-ewma"]) {
    assert.ok(report(title).failingShare < 0.05, `${title}: ${report(title).failingShare}`);
  }
});

test("starvation and herd: fair policies are near one, first gives nothing to the last", () => {
  assert.ok(report("round-robin").starvation.longestWaitRounds < 2);
  assert.equal(report("first").starvation.smallestShare, 0);
  for (const title of ["round-robin", "random", "power-of-two", "least-time", "peak-ewma"]) {
    const { herdIndex, starvation } = report(title);
    assert.ok(herdIndex > 0.5 && herdIndex < 1.6, `${title}: herd ${herdIndex}`);
    assert.ok(starvation.smallestShare > 0.7, `${title}: least share ${starvation.smallestShare}`);
  }
});

test("herd: a policy that runs to whoever has no latency yet is caught", () => {
  const create = (): Policy => ({
    needsKey: false,
    pick: <C extends Candidate>(eligible: readonly C[]): C =>
      eligible.reduce((best, other) =>
        (other.meanLatencyMs ?? 0) < (best.meanLatencyMs ?? 0) ? other : best,
      ),
  });
  assert.ok(judgePolicy({ title: "runs", create }, parts).herdIndex > 2);
});

test("disruption: consistent placements move what they must, the modulo nearly everything", () => {
  assert.equal(report("round-robin").disruption, null);
  for (const title of ["hash, ketama", "hash, rendezvous"]) {
    const { join, leave } = report(title).disruption!;
    assert.equal(join.moved, join.needed, title);
    assert.equal(leave.moved, leave.needed, title);
    assert.ok(join.needed > 0.05 && join.needed < 0.15 && leave.needed > 0.05 && leave.needed < 0.15, title);
  }
  const maglev = report("hash, maglev").disruption!;
  assert.ok(maglev.leave.moved - maglev.leave.needed < 0.05);
  assert.ok(report("hash, modulo").disruption!.join.moved > 0.7);
});

test("the same seed gives the same report, and picks are timed only with a timer", () => {
  const subject = builtInSubjects.find(({ title }) => title === "peak-ewma")!;
  assert.deepEqual(judgePolicy(subject, parts), report("peak-ewma"));
  let ticks = 0;
  // A timer that moves 512 ns per reading: two readings per round, 256 picks in the first.
  const timed = judgePolicy(subject, { ...parts, nowNs: () => (ticks += 512) });
  assert.ok(timed.pickNs !== null && timed.pickNs.ten > 0 && timed.pickNs.ten <= 2);
});

test("the table has a line for each policy and a legend for each column", () => {
  const lines = renderReports([report("round-robin"), report("hash, maglev")]).split("\n");
  assert.match(
    lines[1]!,
    /^policy +idle +busy +wait +share +index +p50 +p99 +share +share +join +leave +of 10 +of 1,000$/,
  );
  assert.match(lines[2]!, /^round-robin +\d\.\d % /);
  assert.match(lines[3]!, /^hash, maglev .*% \(.* %\) +-\s+-$/);
  assert.ok(lines.some((line) => line.startsWith("herd index")));
  assert.deepEqual(
    lines.filter((line) => line !== line.trimEnd()),
    [],
  );
});

/** Takes turns whatever the weights. */
function blind(): Policy {
  let turn = 0;
  return { needsKey: false, pick: (eligible) => eligible[turn++ % eligible.length] ?? null };
}
