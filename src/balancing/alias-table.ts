/**
 * Draws an index with probability proportional to its weight, in constant time and from a single
 * random number. Source: A. J. Walker's alias method (1977), built as M. D. Vose showed (1991).
 *
 *   column   0     1     2        each column has height 1: the lower part belongs to its own index,
 *          ┌───┐ ┌───┐ ┌───┐      the rest to its alias
 *          │ 0 │ │ 0 │ │ 2 │
 *          │   │ ├───┤ │   │
 *          │   │ │ 1 │ │   │
 *          └───┘ └───┘ └───┘
 */
import type { Random } from "../core/random.ts";

export class AliasTable {
  #own = new Float64Array(0);
  #alias = new Uint32Array(0);

  /** `weights` are not negative. With no weight at all every draw gives 0. */
  build(weights: Float64Array): void {
    const size = weights.length;
    if (this.#own.length !== size) {
      this.#own = new Float64Array(size);
      this.#alias = new Uint32Array(size);
    }
    let total = 0;
    for (let i = 0; i < size; i++) total += weights[i]!;
    const own = this.#own;
    for (let i = 0; i < size; i++) own[i] = total > 0 ? (weights[i]! * size) / total : i === 0 ? size : 0;
    this.#level(new Uint32Array(size));
  }

  /** At least one weight must have been given. */
  draw(random: Random): number {
    const own = this.#own;
    const point = random.next() * own.length;
    const column = point | 0;
    return point - column < own[column]! ? column : this.#alias[column]!;
  }

  /** `columns` becomes two stacks: too low from the left, too high from the right. */
  #level(columns: Uint32Array): void {
    const own = this.#own;
    let lowCount = 0;
    let highAt = own.length;
    for (let i = 0; i < own.length; i++) {
      if (own[i]! < 1) columns[lowCount++] = i;
      else columns[--highAt] = i;
    }
    while (lowCount > 0 && highAt < own.length) {
      const low = columns[--lowCount]!;
      const high = columns[highAt]!;
      this.#alias[low] = high;
      const rest = own[high]! - (1 - own[low]!);
      own[high] = rest;
      if (rest >= 1) continue;
      highAt++;
      columns[lowCount++] = high;
    }
    // What rounding left over is as good as full, unless it never had any weight.
    while (lowCount > 0) this.#settle(columns[--lowCount]!);
    while (highAt < own.length) this.#settle(columns[highAt++]!);
  }

  #settle(column: number): void {
    if (this.#own[column]! > 0) this.#own[column] = 1;
    else this.#alias[column] = this.#own.findIndex((height) => height > 0);
  }
}
