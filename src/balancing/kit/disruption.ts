/** How many keys change their endpoint when one joins or leaves: what hash policies are for. */
import { seededRandom } from "../../core/random.ts";
import type { Candidate, Policy } from "../policy.ts";
import { keyOf, type CreatePolicy } from "./simulation.ts";
import { stillCandidates } from "./still-candidate.ts";

const poolSize = 10;
const keys = 10_000;

export interface Disruption {
  /** Part of all keys that moved. */
  readonly moved: number;
  /** Part that had to, being the joining or leaving endpoint's own. */
  readonly needed: number;
}

export interface Disruptions {
  readonly join: Disruption;
  readonly leave: Disruption;
}

/** Null for a policy that takes no key. Equal weights and idle endpoints. */
export function judgeDisruption(create: CreatePolicy): Disruptions | null {
  const all = stillCandidates(poolSize + 1).map((candidate) => ({
    ...candidate,
    weight: 1,
    activeRequests: 0,
  }));
  const some = all.slice(0, poolSize);
  const fewer = [...some.slice(0, 3), ...some.slice(4)];
  const before = place(create, some);
  if (before === null) return null;
  return {
    join: compare(before, place(create, all) ?? [], all[poolSize]!),
    leave: compare(before, place(create, fewer) ?? [], some[3]!),
  };
}

function place(create: CreatePolicy, candidates: readonly Candidate[]): (Candidate | null)[] | null {
  let turns = 0;
  const policy: Policy = create({ random: seededRandom(1), cursor: { next: () => turns++ } });
  if (!policy.needsKey) return null;
  policy.build?.(candidates);
  return Array.from({ length: keys }, (_, number) => policy.pick(candidates, keyOf(number), []));
}

function compare(
  before: readonly (Candidate | null)[],
  after: readonly (Candidate | null)[],
  changed: Candidate,
): Disruption {
  let moved = 0;
  let needed = 0;
  for (const [i, from] of before.entries()) {
    if (from !== after[i]) moved++;
    if (from === changed || after[i] === changed) needed++;
  }
  return { moved: moved / keys, needed: needed / keys };
}
