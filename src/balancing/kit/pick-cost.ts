/** Nanoseconds per pick. The only thing in the kit that depends on the machine, so its timer is injected. */
import { seededRandom } from "../../core/random.ts";
import type { Candidate } from "../policy.ts";
import { keyOf, type CreatePolicy } from "./simulation.ts";

/** A monotonic timer. */
export type NowNs = () => number;

const rounds = 40;
const roundNs = 1_000_000;
const keys = Array.from({ length: 1024 }, (_, number) => keyOf(number));

/** The fastest of several rounds of a millisecond: what the policy costs when nothing disturbs it. */
export function measurePickNs(create: CreatePolicy, candidates: readonly Candidate[], nowNs: NowNs): number {
  let turns = 0;
  const policy = create({ random: seededRandom(1), cursor: { next: () => turns++ } });
  policy.build?.(candidates);
  const run = (picks: number): number => {
    const startNs = nowNs();
    for (let i = 0; i < picks; i++) policy.pick(candidates, keys[i & 1023]!, none);
    return nowNs() - startNs;
  };
  let picks = 256;
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const perPick = run(picks) / picks;
    fastest = Math.min(fastest, perPick);
    picks = Math.max(16, Math.min(50_000, Math.round(roundNs / Math.max(perPick, 1))));
  }
  return fastest;
}

const none: readonly never[] = [];
