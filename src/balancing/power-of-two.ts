/**
 * Draws two candidates by weight and takes the one with fewer requests in flight per weight. Source:
 * M. Mitzenmacher, "The power of two choices in randomized load balancing" (2001); nginx `random two`.
 */
import { LeastCostDraw } from "./least-cost-draw.ts";
import { requestsPerWeight } from "./least-request.ts";
import type { Policy, PolicyParts } from "./policy.ts";

export function powerOfTwo(parts: Pick<PolicyParts, "random">): Policy {
  return new LeastCostDraw(requestsPerWeight, 2, parts.random);
}
