/**
 * Bounded load for hash policies: nobody takes more than a factor times the mean of the requests in
 * flight, so that a popular key cannot drown its endpoint. Source: V. Mirrokni, M. Thorup and
 * M. Zadimoghaddam, "Consistent hashing with bounded loads" (2016).
 *
 * The mean would take a pass over the pool. Instead a few candidates are counted anew per pick, going
 * round: exact up to 4 candidates, beyond that at most n/4 picks old. Weights move seldom and slowly, so
 * one of them is looked at per pick.
 */
import type { Candidate } from "./policy.ts";

const countedPerPick = 4;

export class LoadBound {
  readonly #factor: number;
  #seen: readonly Candidate[] | null = null;
  #active = new Float64Array(0);
  #weights = new Float64Array(0);
  #activeTotal = 0;
  #weightTotal = 0;
  /** Requests that a weight of 1 may have in flight, the next one included. */
  #perWeight = 0;
  #at = 0;
  #weightAt = 0;

  /** `factor` is above 1. */
  constructor(factor: number) {
    this.#factor = factor;
  }

  /** Once per pick, before `hasRoom`. */
  refresh(eligible: readonly Candidate[]): void {
    if (eligible !== this.#seen) this.#adopt(eligible);
    const size = eligible.length;
    const active = this.#active;
    let total = this.#activeTotal;
    let at = this.#at;
    for (let left = size < countedPerPick ? size : countedPerPick; left > 0; left--) {
      const now = eligible[at]!.activeRequests;
      total += now - active[at]!;
      active[at] = now;
      if (++at === size) at = 0;
    }
    this.#at = at;
    this.#activeTotal = total;
    if (size > 0) this.#lookAtWeight(eligible);
    this.#perWeight = (this.#factor * (total + 1)) / this.#weightTotal;
  }

  /** May this candidate take one request more? */
  hasRoom(candidate: Candidate): boolean {
    return candidate.activeRequests < this.#perWeight * candidate.weight;
  }

  #adopt(eligible: readonly Candidate[]): void {
    this.#seen = eligible;
    this.#active = Float64Array.from(eligible, ({ activeRequests }) => activeRequests);
    this.#weights = Float64Array.from(eligible, ({ weight }) => weight);
    this.#activeTotal = this.#active.reduce((sum, active) => sum + active, 0);
    this.#weightTotal = this.#weights.reduce((sum, weight) => sum + weight, 0);
    this.#at = 0;
    this.#weightAt = 0;
  }

  #lookAtWeight(eligible: readonly Candidate[]): void {
    const at = this.#weightAt;
    const { weight } = eligible[at]!;
    if (weight !== this.#weights[at]) {
      this.#weightTotal += weight - this.#weights[at]!;
      this.#weights[at] = weight;
    }
    this.#weightAt = at + 1 === eligible.length ? 0 : at + 1;
  }
}
