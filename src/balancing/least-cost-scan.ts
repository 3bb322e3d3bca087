/**
 * Looks at every candidate and takes the cheapest; equals take turns by smooth weighted round robin,
 * as in nginx's least_conn and least_time. A pick costs a pass over the pool.
 *
 * Costs are quotients by the weight. Equal fractions give equal doubles (division rounds correctly), so
 * ties are recognised as surely as by nginx's cross-multiplication.
 */
import { unusable, type CostModel } from "./cost-model.ts";
import type { Candidate, Policy } from "./policy.ts";
import { SmoothRotation } from "./smooth-rotation.ts";
import { WeightWatch } from "./weight-watch.ts";

export class LeastCostScan implements Policy {
  readonly needsKey = false;
  readonly #model: CostModel;
  readonly #watch = new WeightWatch();
  readonly #rotation = new SmoothRotation();
  #seen: readonly Candidate[] | null = null;
  #costs = new Float64Array(0);
  #tied = new Uint32Array(0);

  constructor(model: CostModel) {
    this.#model = model;
  }

  pick<C extends Candidate>(eligible: readonly C[], _key: string, tried: readonly Candidate[]): C | null {
    this.#watch.hasChanged(eligible);
    if (eligible !== this.#seen) this.#adopt(eligible);
    this.#model.ofAll(eligible, tried, this.#watch.meanWeight, this.#costs);
    const tiedCount = this.#findCheapest();
    if (tiedCount === 0) return null;
    return eligible[tiedCount === 1 ? this.#tied[0]! : this.#takeTurn(eligible, tiedCount)]!;
  }

  /** Puts the indices of the cheapest into `#tied` and tells how many they are. */
  #findCheapest(): number {
    const costs = this.#costs;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < costs.length; i++) {
      if (costs[i]! < least && costs[i] !== unusable) least = costs[i]!;
    }
    const limit = least / this.#model.closeness;
    let tiedCount = 0;
    for (let i = 0; i < costs.length; i++) {
      // Even a cost that is no number stays in: a usable candidate must not get lost.
      if (!(costs[i]! > limit) && costs[i] !== unusable) this.#tied[tiedCount++] = i;
    }
    return tiedCount;
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
    if (this.#tied.length === eligible.length) return;
    this.#tied = new Uint32Array(eligible.length);
    this.#costs = new Float64Array(eligible.length);
  }

  score(candidate: Candidate): number {
    return this.#model.of(candidate, candidate.weight, this.#watch.meanWeight);
  }
}
