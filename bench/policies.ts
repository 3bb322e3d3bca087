/**
 * What a pick costs: nanoseconds for every policy among 10, 1,000 and 10,000 candidates, with plain
 * numbers ("still") and with candidates that read shared memory as endpoints do ("live"), and how long
 * building takes. Every figure is the fastest of several rounds; the machine should have nothing else to do.
 *
 *   node bench/policies.ts [part of a policy's title]
 */
import { performance } from "node:perf_hooks";
import { builtInSubjects } from "../src/balancing/kit/built-in-subjects.ts";
import { measurePickNs } from "../src/balancing/kit/pick-cost.ts";
import type { CreatePolicy } from "../src/balancing/kit/simulation.ts";
import { stillCandidates } from "../src/balancing/kit/still-candidate.ts";
import type { Candidate } from "../src/balancing/policy.ts";
import { EndpointState } from "../src/upstream/endpoint-state.ts";
import { describeMachine } from "./support/machine.ts";

const sizes = [10, 1_000, 10_000] as const;

/** As read from a clock that is cached for a turn of the event loop. */
const nowMs = performance.now() + 60_000;

/** A candidate like `upstream/endpoint.ts`, without its connections. */
class LiveCandidate implements Candidate {
  readonly name: string;
  readonly state = EndpointState.create(2);

  constructor({ name, weight }: Candidate) {
    this.name = name;
    this.state.setWeight(weight);
  }
  get weight(): number {
    return this.state.weight;
  }
  get activeRequests(): number {
    return this.state.activeRequests;
  }
  get peakLatencyMs(): number | null {
    return this.state.peakLatencyMs(nowMs);
  }
  get meanLatencyMs(): number | null {
    return this.state.meanLatencyMs(nowMs);
  }
  get isEligible(): boolean {
    return this.state.isEligible;
  }
  get isFull(): boolean {
    return this.state.isFull;
  }
}

function liveCandidates(count: number): Candidate[] {
  return stillCandidates(count).map((candidate, i) => {
    const live = new LiveCandidate(candidate);
    for (let n = 0; n < 1 + (i % 3); n++) live.state.requestStarted();
    live.state.requestFinished(2, 5 + (i % 11), false, 0, 0, nowMs - 500);
    return live;
  });
}

function buildMs(create: CreatePolicy, candidates: readonly Candidate[]): number {
  const policy = create({ random: { next: Math.random }, cursor: { next: () => 0 } });
  const startMs = performance.now();
  policy.build?.(candidates);
  policy.pick(candidates, "10.0.0.1", []);
  return performance.now() - startMs;
}

function row(title: string, cells: readonly string[]): void {
  console.log(title.padEnd(20) + cells.map((cell) => cell.padStart(13)).join(""));
}

const nowNs = (): number => performance.now() * 1e6;
const pools = [
  ...sizes.map((size) => ({ head: `still ${size}`, candidates: stillCandidates(size) })),
  ...sizes.map((size) => ({ head: `live ${size}`, candidates: liveCandidates(size) })),
];
const wanted = process.argv[2] ?? "";

console.log(`${describeMachine()}, Node ${process.version}; nanoseconds per pick, milliseconds to build\n`);
row("", [...pools.map(({ head }) => head), ...sizes.map((size) => `build ${size}`)]);
for (const { title, create } of builtInSubjects) {
  if (!title.includes(wanted)) continue;
  const costs = pools.map(({ candidates }) => measurePickNs(create, candidates, nowNs).toFixed(0));
  const builds = sizes.map((_, i) => buildMs(create, pools[i]!.candidates).toFixed(1));
  row(title, [...costs, ...builds]);
}
