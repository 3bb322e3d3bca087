/**
 * Fewest requests in flight per weight: of all candidates (nginx's least_conn), or of `choices` drawn
 * at random, which costs the same in any pool and spreads better when many workers choose at once.
 */
import { unusable, type CostModel } from "./cost-model.ts";
import { LeastCostDraw } from "./least-cost-draw.ts";
import { LeastCostScan } from "./least-cost-scan.ts";
import { isFree, type Candidate, type Policy, type PolicyParts } from "./policy.ts";

/** `choices`: how many are drawn and compared; 0 compares all. */
export function leastRequest(choices: number, parts: Pick<PolicyParts, "random">): Policy {
  return choices > 0
    ? new LeastCostDraw(requestsPerWeight, choices, parts.random)
    : new LeastCostScan(requestsPerWeight);
}

export const requestsPerWeight: CostModel = {
  closeness: 1,
  of: cost,
  ofAll(eligible, tried, _meanWeight, costs) {
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      const { weight } = candidate;
      costs[i] = weight > 0 && isFree(candidate, tried) ? cost(candidate, weight) : unusable;
    }
  },
};

function cost(candidate: Candidate, weight: number): number {
  return candidate.activeRequests / weight;
}
