/**
 * Fewest requests in flight per weight: of all candidates (nginx's least_conn), or of `choices` drawn
 * at random, which costs the same in any pool and spreads better when many workers choose at once.
 */
import { LeastCostDraw } from "./least-cost-draw.ts";
import { LeastCostScan } from "./least-cost-scan.ts";
import type { Candidate, Policy, PolicyParts } from "./policy.ts";

/** `choices`: how many are drawn and compared; 0 compares all. */
export function leastRequest(choices: number, parts: Pick<PolicyParts, "random">): Policy {
  return choices > 0
    ? new LeastCostDraw(requestsPerWeight, choices, parts.random)
    : new LeastCostScan(requestsPerWeight);
}

export function requestsPerWeight(candidate: Candidate): number {
  return candidate.activeRequests / candidate.weight;
}
