/**
 * Draws a few candidates at random, by weight, and takes the cheapest of them. The first drawn stays
 * unless another is cheaper, so that an idle pool is shared by weight (nginx lets the second win a tie,
 * which turns unequal weights upside down while the pool is idle). Draws that are unusable or already
 * held are repeated; when none of them can be used, every candidate is looked at.
 */
import type { Random } from "../core/random.ts";
import { AliasTable } from "./alias-table.ts";
import type { CostModel } from "./cost-model.ts";
import { LeastCostScan } from "./least-cost-scan.ts";
import { isFree, type Candidate, type Policy } from "./policy.ts";
import { WeightWatch } from "./weight-watch.ts";

/** Draws beyond the wanted ones that a pick may spend on repeating. */
const repeatsMax = 8;

export class LeastCostDraw implements Policy {
  readonly needsKey = false;
  readonly #model: CostModel;
  readonly #choices: number;
  readonly #random: Random;
  readonly #watch = new WeightWatch();
  readonly #table = new AliasTable();
  readonly #scan: LeastCostScan;

  /** `choices` is at least 1. */
  constructor(model: CostModel, choices: number, random: Random) {
    this.#model = model;
    this.#choices = choices;
    this.#random = random;
    this.#scan = new LeastCostScan(model);
  }

  pick<C extends Candidate>(eligible: readonly C[], key: string, tried: readonly Candidate[]): C | null {
    if (this.#watch.hasChanged(eligible)) this.#table.build(this.#watch.weights);
    if (eligible.length < 2) return this.#scan.pick(eligible, key, tried);
    const { meanWeight } = this.#watch;
    let best: C | null = null;
    let least = 0;
    let wanted = this.#choices;
    for (let draws = wanted + repeatsMax; draws > 0 && wanted > 0; draws--) {
      const candidate = eligible[this.#table.draw(this.#random)]!;
      const { weight } = candidate;
      if (candidate === best || !(weight > 0) || !isFree(candidate, tried)) continue;
      wanted--;
      const cost = this.#model.of(candidate, weight, meanWeight);
      if (best !== null && !(cost < least * this.#model.closeness)) continue;
      best = candidate;
      least = cost;
    }
    return best ?? this.#scan.pick(eligible, key, tried);
  }

  score(candidate: Candidate): number {
    return this.#model.of(candidate, candidate.weight, this.#watch.meanWeight);
  }
}
