/** Nanoseconds per pick. The only thing in the kit that depends on the machine, so its timer is injected. */
import { seededRandom } from "../../core/random.ts";
import { keyOf, type CreatePolicy } from "./simulation.ts";
import { stillCandidates } from "./still-candidate.ts";

/** A monotonic timer. */
export type NowNs = () => number;

const roundsMax = 12;
const roundNs = 8_000_000;
const keys = Array.from({ length: 1024 }, (_, number) => keyOf(number));

/** The fastest of several rounds of some milliseconds: what the policy costs when nothing disturbs it. */
export function measurePickNs(create: CreatePolicy, poolSize: number, nowNs: NowNs): number {
  const candidates = stillCandidates(poolSize);
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
  for (let round = 0; round < roundsMax; round++) {
    const perPick = run(picks) / picks;
    fastest = Math.min(fastest, perPick);
    picks = Math.max(256, Math.min(200_000, Math.round(roundNs / Math.max(perPick, 1))));
  }
  return fastest;
}

const none: readonly never[] = [];
