/**
 * Notices when what a policy derived from the weights is out of date: another array of candidates, or
 * a weight that moved in place (slow start). It compares two candidates per pick and goes round, so
 * that a pick never costs a pass over a large pool; a change is seen within n/2 picks.
 */
import type { Candidate } from "./policy.ts";

const comparedPerPick = 2;

export class WeightWatch {
  #seen: readonly Candidate[] | null = null;
  #weights = new Float64Array(0);
  #meanWeight = 1;
  #at = 0;

  /** Mean of the weights that are not 0; 1 when all are. */
  get meanWeight(): number {
    return this.#meanWeight;
  }

  /** The weights as of the last change; negative ones and NaN count as 0. */
  get weights(): Float64Array {
    return this.#weights;
  }

  /** True when `weights` was just taken anew. */
  hasChanged(eligible: readonly Candidate[]): boolean {
    if (eligible !== this.#seen) return this.#take(eligible);
    const size = eligible.length;
    const weights = this.#weights;
    let at = this.#at;
    for (let left = size < comparedPerPick ? size : comparedPerPick; left > 0; left--) {
      if (sane(eligible[at]!.weight) !== weights[at]) return this.#take(eligible);
      if (++at === size) at = 0;
    }
    this.#at = at;
    return false;
  }

  #take(eligible: readonly Candidate[]): true {
    const size = eligible.length;
    if (this.#weights.length !== size) this.#weights = new Float64Array(size);
    let sum = 0;
    let positive = 0;
    for (let i = 0; i < size; i++) {
      const weight = sane(eligible[i]!.weight);
      this.#weights[i] = weight;
      sum += weight;
      if (weight > 0) positive++;
    }
    this.#meanWeight = positive === 0 ? 1 : sum / positive;
    this.#seen = eligible;
    this.#at = 0;
    return true;
  }
}

function sane(weight: number): number {
  return weight > 0 ? weight : 0;
}
