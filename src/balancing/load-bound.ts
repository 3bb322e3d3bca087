/**
 * Bounded load for hash policies: nobody takes more than a factor times the mean of the requests in
 * flight, so that a popular key cannot drown its endpoint. Source: V. Mirrokni, M. Thorup and
 * M. Zadimoghaddam, "Consistent hashing with bounded loads" (2016).
 *
 * The mean would take a pass over the pool. Instead a few candidates are counted anew per pick, going
 * round: exact up to 8 candidates, beyond that at most n/8 picks old.
 */
import type { Candidate } from "./policy.ts";

const countedPerPick = 8;

export class LoadBound {
  readonly #factor: number;
  #seen: readonly Candidate[] | null = null;
  #active = new Float64Array(0);
  #weights = new Float64Array(0);
  #activeTotal = 0;
  #weightTotal = 0;
  #at = 0;

  /** `factor` is above 1. */
  constructor(factor: number) {
    this.#factor = factor;
  }

  /** Once per pick, before `hasRoom`. */
  refresh(eligible: readonly Candidate[]): void {
    const size = eligible.length;
    const isNew = eligible !== this.#seen;
    if (isNew) this.#adopt(eligible);
    for (let left = isNew || size < countedPerPick ? size : countedPerPick; left > 0; left--) {
      this.#count(eligible[this.#at]!);
      if (++this.#at === size) this.#at = 0;
    }
  }

  /** May this candidate take one request more? */
  hasRoom(candidate: Candidate): boolean {
    const share = candidate.weight / this.#weightTotal;
    return candidate.activeRequests < Math.ceil(this.#factor * (this.#activeTotal + 1) * share);
  }

  #adopt(eligible: readonly Candidate[]): void {
    this.#seen = eligible;
    this.#active = new Float64Array(eligible.length);
    this.#weights = new Float64Array(eligible.length);
    this.#activeTotal = 0;
    this.#weightTotal = 0;
    this.#at = 0;
  }

  #count(candidate: Candidate): void {
    const at = this.#at;
    const { activeRequests, weight } = candidate;
    if (activeRequests !== this.#active[at]) {
      this.#activeTotal += activeRequests - this.#active[at]!;
      this.#active[at] = activeRequests;
    }
    if (weight !== this.#weights[at]) {
      this.#weightTotal += weight - this.#weights[at]!;
      this.#weights[at] = weight;
    }
  }
}
