/** What distinguishes the policies that give the next request to the cheapest candidate. */
import type { Candidate } from "./policy.ts";

/** What giving the next request to a candidate costs; compared only among candidates of one pick. */
export interface CostModel {
  /**
   * Costs below `least / closeness` count as equal to the least; 1 takes only equals for equal. Measured
   * numbers are noisy, and whoever acts on noise forgets the weights.
   */
  readonly closeness: number;
  /**
   * Never negative. `weight` is the candidate's, above 0; `meanWeight` is that of the pool, so that the unit
   * of weights does not matter.
   */
  of(candidate: Candidate, weight: number, meanWeight: number): number;
  /**
   * The same for all at once, `unusable` for those who cannot take the request. Each model has its own
   * loop because one loop shared by several models, calling `of`, takes twice as long.
   */
  ofAll(
    eligible: readonly Candidate[],
    tried: readonly Candidate[],
    meanWeight: number,
    costs: Float64Array,
  ): void;
}

export const unusable = -1;
