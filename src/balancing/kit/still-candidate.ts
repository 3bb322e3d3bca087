/** Candidates whose numbers stand still: for measuring placement and cost, where no time passes. */
import type { Candidate } from "../policy.ts";

export function stillCandidates(count: number): Candidate[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:8080`,
    weight: 1 + (index % 3),
    activeRequests: index % 5,
    peakLatencyMs: 5.5 + (index % 11),
    meanLatencyMs: 5.5 + (index % 11),
    isEligible: true,
    isFull: false,
  }));
}
