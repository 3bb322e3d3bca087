/**
 * Looks at every candidate and takes the cheapest; equals take turns by smooth weighted round robin,
 * as in nginx's least_conn and least_time. A pick costs a pass over the pool.
 *
 * Costs are quotients by the weight. Equal fractions give equal doubles (division rounds correctly), so
 * ties are recognised as surely as by nginx's cross-multiplication.
 */
import { isUsable, type Candidate, type Policy } from "./policy.ts";
import { SmoothRotation } from "./smooth-rotation.ts";

/** What giving the next request to this candidate costs; compared only among candidates of one pick. */
export type Cost = (candidate: Candidate) => number;

export class LeastCostScan implements Policy {
  readonly needsKey = false;
  readonly #cost: Cost;
  readonly #rotation = new SmoothRotation();
  #seen: readonly Candidate[] | null = null;
  #tied = new Uint32Array(0);

  constructor(cost: Cost) {
    this.#cost = cost;
  }

  pick<C extends Candidate>(eligible: readonly C[], _key: string, tried: readonly Candidate[]): C | null {
    if (eligible !== this.#seen) this.#adopt(eligible);
    const tied = this.#tied;
    let tiedCount = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      if (!isUsable(candidate, tried)) continue;
      const cost = this.#cost(candidate);
      if (cost < least) {
        least = cost;
        tiedCount = 0;
      }
      // Written so that a cost that is no number stays in the running instead of losing a usable candidate.
      if (!(cost > least)) tied[tiedCount++] = i;
    }
    if (tiedCount < 2) return tiedCount === 0 ? null : eligible[tied[0]!]!;
    return eligible[this.#takeTurn(eligible, tiedCount)]!;
  }

  #takeTurn(eligible: readonly Candidate[], tiedCount: number): number {
    const rotation = this.#rotation;
    rotation.begin();
    for (let k = 0; k < tiedCount; k++) {
      const index = this.#tied[k]!;
      rotation.offer(index, eligible[index]!.weight);
    }
    return rotation.take();
  }

  #adopt(eligible: readonly Candidate[]): void {
    this.#seen = eligible;
    this.#rotation.reset(eligible.length);
    if (this.#tied.length !== eligible.length) this.#tied = new Uint32Array(eligible.length);
  }
}
