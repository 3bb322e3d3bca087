/**
 * Smooth weighted round robin in nginx's order, exact over all workers: the period is written out and
 * a cursor that all workers share walks along it. What the cursor cannot serve goes to a rotation of
 * this worker's own: retries (so that they do not take anybody's turn), pools where many are full, and
 * weights whose period is too long to be written out. The rotation costs a pass over the pool.
 */
import { isUsable, type Candidate, type Cursor, type Policy, type PolicyParts } from "./policy.ts";
import { SmoothRotation } from "./smooth-rotation.ts";
import { smoothSequence } from "./smooth-sequence.ts";
import { WeightWatch } from "./weight-watch.ts";

/** Turns of full candidates that one pick passes over before it takes the rotation. */
const skipsMax = 8;

export class RoundRobin implements Policy {
  readonly needsKey = false;
  readonly #cursor: Cursor;
  readonly #watch = new WeightWatch();
  readonly #rotation = new SmoothRotation();
  #sequence: Uint32Array | null = null;
  #seen: readonly Candidate[] | null = null;

  constructor(parts: Pick<PolicyParts, "cursor">) {
    this.#cursor = parts.cursor;
  }

  pick<C extends Candidate>(eligible: readonly C[], _key: string, tried: readonly Candidate[]): C | null {
    if (this.#watch.hasChanged(eligible)) this.#derive(eligible);
    const sequence = this.#sequence;
    if (sequence !== null && tried.length === 0) {
      for (let skips = 0; skips < skipsMax && sequence.length > 0; skips++) {
        const candidate = eligible[sequence[this.#cursor.next() % sequence.length]!]!;
        if (isUsable(candidate, tried)) return candidate;
      }
    }
    return this.#rotate(eligible, tried);
  }

  /** The rotation's memory outlives a weight that moved in place, as nginx's does. */
  #derive(eligible: readonly Candidate[]): void {
    this.#sequence = smoothSequence(this.#watch.weights);
    if (eligible === this.#seen) return;
    this.#seen = eligible;
    this.#rotation.reset(eligible.length);
  }

  #rotate<C extends Candidate>(eligible: readonly C[], tried: readonly Candidate[]): C | null {
    const rotation = this.#rotation;
    rotation.begin();
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      if (isUsable(candidate, tried)) rotation.offer(i, candidate.weight);
    }
    const index = rotation.take();
    return index === -1 ? null : eligible[index]!;
  }
}
