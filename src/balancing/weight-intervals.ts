/**
 * Nodes laid end to end, each as long as its weight; finds whose stretch a hash falls into. With whole
 * weights it is nginx's walk: hash modulo the total weight.
 */
import { fractionOf, mix32 } from "./key-hash.ts";
import type { PlacedNode } from "./key-placement.ts";

export class WeightIntervals {
  readonly #hashesMax: number;
  #ends = new Float64Array(0);
  /** Total of whole weights, by which hashes are taken modulo; 0 when they are spread instead. */
  #modulus = 0;
  #total = 0;

  /**
   * `hashesMax`: how many different hashes there are. nginx never reaches the servers beyond that total
   * weight; here, as with weights that are not whole, the hash is spread over the whole length instead.
   */
  constructor(hashesMax: number) {
    this.#hashesMax = hashesMax;
  }

  build(nodes: readonly PlacedNode[]): void {
    let end = 0;
    this.#ends = Float64Array.from(nodes, ({ weight }) => (end += weight));
    const isModular = end <= this.#hashesMax && nodes.every(({ weight }) => Number.isInteger(weight));
    // A small integer by its representation as well: the remainder of doubles doubles the cost of a pick.
    this.#modulus = isModular ? end | 0 : 0;
    this.#total = end;
  }

  /** Index of a node with weight; -1 when none has any. `hash` is a whole number below 2^31. */
  find(hash: number): number {
    if (this.#modulus > 0) return this.#nodeAt(hash % this.#modulus);
    return this.#total > 0 ? this.#nodeAt(fractionOf(mix32(hash)) * this.#total) : -1;
  }

  #nodeAt(point: number): number {
    const ends = this.#ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
