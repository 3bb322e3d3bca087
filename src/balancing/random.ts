/**
 * Weighted random choice. An unusable draw is drawn again; when that keeps happening, one pass over
 * the pool draws among the usable only, so that shares stay proportional to weights in every case.
 */
import type { Random } from "../core/random.ts";
import { AliasTable } from "./alias-table.ts";
import { isUsable, type Candidate, type Policy, type PolicyParts } from "./policy.ts";
import { WeightWatch } from "./weight-watch.ts";

const drawsMax = 10;

export class RandomChoice implements Policy {
  readonly needsKey = false;
  readonly #random: Random;
  readonly #watch = new WeightWatch();
  readonly #table = new AliasTable();

  constructor(parts: Pick<PolicyParts, "random">) {
    this.#random = parts.random;
  }

  pick<C extends Candidate>(eligible: readonly C[], _key: string, tried: readonly Candidate[]): C | null {
    if (this.#watch.hasChanged(eligible)) this.#table.build(this.#watch.weights);
    if (eligible.length === 0) return null;
    for (let draws = 0; draws < drawsMax; draws++) {
      const candidate = eligible[this.#table.draw(this.#random)]!;
      if (isUsable(candidate, tried)) return candidate;
    }
    return this.#drawAmongUsable(eligible, tried);
  }

  /** A reservoir of one: each usable candidate replaces the choice with its share of the weight so far. */
  #drawAmongUsable<C extends Candidate>(eligible: readonly C[], tried: readonly Candidate[]): C | null {
    let chosen: C | null = null;
    let total = 0;
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      if (!isUsable(candidate, tried)) continue;
      total += candidate.weight;
      if (chosen === null || this.#random.next() * total < candidate.weight) chosen = candidate;
    }
    return chosen;
  }
}
