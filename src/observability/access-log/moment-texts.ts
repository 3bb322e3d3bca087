/**
 * What lines begin with, remembered for the latest moments: lines of the same millisecond share it, and
 * exchanges that end together began within a few. In one piece, so that copying a line takes fewer steps.
 */
import { compactCopy } from "./recent-texts.ts";
import { isoTime } from "./time-text.ts";

/** A power of two. */
const slotCount = 16;

export class MomentTexts {
  readonly #spell: (time: string) => string;
  readonly #moments = new Float64Array(slotCount).fill(Number.NaN);
  readonly #texts: string[] = Array.from({ length: slotCount }, () => "");

  /** `spell` puts `2026-11-21T03:09:00.123Z` into the words of its format. */
  constructor(spell: (time: string) => string) {
    this.#spell = spell;
  }

  /** Fractions of a millisecond are cut off. */
  get(wallMs: number): string {
    const moment = Math.floor(wallMs);
    const slot = (moment % slotCount) & (slotCount - 1);
    if (this.#moments[slot] !== moment) {
      this.#moments[slot] = moment;
      this.#texts[slot] = compactCopy(this.#spell(isoTime(moment)));
    }
    return this.#texts[slot]!;
  }
}
