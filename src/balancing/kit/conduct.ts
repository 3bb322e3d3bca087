/**
 * Does a policy keep the interface's promises? Small random situations, some candidates full, tried or
 * without weight: it must not throw, give what it was not offered, or give nobody while somebody could.
 */
import { randomBelow, seededRandom, type Random } from "../../core/random.ts";
import { isUsable, type Candidate, type Policy } from "../policy.ts";
import { keyOf, type CreatePolicy } from "./simulation.ts";

const situations = 400;

/** Faults as sentences, each once; empty for a policy that behaves. */
export function judgeConduct(create: CreatePolicy, seed: number): readonly string[] {
  const faults = new Set<string>();
  const random = seededRandom(seed);
  for (let number = 0; number < situations; number++) {
    const fault = faultIn(create, random);
    if (fault !== null) faults.add(fault);
  }
  return [...faults];
}

function faultIn(create: CreatePolicy, random: Random): string | null {
  const members = Array.from({ length: 1 + randomBelow(random, 6) }, (_, index) =>
    candidateOf(index, random),
  );
  const eligible = members.filter(() => random.next() < 0.8);
  const tried = members.filter(() => random.next() < 0.2);
  const key = random.next() < 0.1 ? "" : keyOf(randomBelow(random, 1000));
  let turns = 0;
  let policy: Policy;
  try {
    policy = create({ random, cursor: { next: () => turns++ } });
    policy.build?.(members);
  } catch (error) {
    return `it cannot be made: ${String(error)}`;
  }
  if (typeof policy.needsKey !== "boolean") return "needsKey is neither true nor false";
  try {
    return faultOfPick(policy.pick(eligible, key, tried), eligible, tried);
  } catch (error) {
    return `pick throws: ${String(error)}`;
  }
}

function faultOfPick(
  picked: Candidate | null,
  eligible: readonly Candidate[],
  tried: readonly Candidate[],
): string | null {
  if (picked === null)
    return eligible.some((candidate) => isUsable(candidate, tried))
      ? "pick gives nobody although somebody could serve"
      : null;
  if (!eligible.includes(picked)) return "pick gives somebody who was not offered";
  if (tried.includes(picked)) return "pick gives somebody who was tried already";
  if (picked.isFull) return "pick gives somebody who is full";
  return picked.weight > 0 ? null : "pick gives somebody without weight";
}

function candidateOf(index: number, random: Random): Candidate {
  const latencyMs = random.next() < 0.3 ? null : 1 + random.next() * 200;
  return {
    name: `10.0.0.${index + 1}:8080`,
    weight: random.next() < 0.1 ? 0 : 1 + randomBelow(random, 4),
    activeRequests: randomBelow(random, 20),
    peakLatencyMs: latencyMs,
    meanLatencyMs: latencyMs,
    isEligible: true,
    isFull: random.next() < 0.15,
  };
}
