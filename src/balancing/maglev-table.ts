/**
 * Maglev hashing: a table of 65,537 entries in which every node owns its share, so that finding a key's
 * node is a single look-up. Source: D. Eisenbud and others, "Maglev: a fast and reliable software network
 * load balancer" (2016), §3.4. When nodes come or go, a few keys of the others move as well.
 *
 * Weights: nodes fill entries in turns, and a node's k-th turn comes at (k − ½) / weight. Equal weights
 * give the paper's plain rounds.
 */
import { hashText, mix32 } from "./key-hash.ts";
import type { KeyPlacement, PlacedNode } from "./key-placement.ts";

/** Prime, so that every step width visits all entries. */
export const maglevEntries = 65_537;

const unowned = 0xffff_ffff;
const offsetSeed = 1;
const stepSeed = 2;
const keySeed = 3;
const rehashStep = 0x9e37_79b9;

/** Room for the node's index beside the turn's time in a double's 53 bits. */
const nodesMax = 2 ** 21;

export class MaglevTable implements KeyPlacement {
  #owners = new Uint32Array(0);
  #hash = 0;

  build(nodes: readonly PlacedNode[]): void {
    const turns = turnsInOrder(nodes);
    this.#owners = new Uint32Array(turns.length === 0 ? 0 : maglevEntries).fill(unowned);
    const owners = this.#owners;
    const at = Uint32Array.from(nodes, ({ name }) => hashText(name, offsetSeed) % maglevEntries);
    const step = Uint32Array.from(nodes, ({ name }) => 1 + (hashText(name, stepSeed) % (maglevEntries - 1)));
    for (let filled = 0; filled < owners.length; filled++) {
      const node = turns[filled]! % nodesMax;
      let entry = at[node]!;
      while (owners[entry] !== unowned) entry = (entry + step[node]!) % maglevEntries;
      owners[entry] = node;
      at[node] = entry;
    }
  }

  first(key: string): number {
    if (this.#owners.length === 0) return -1;
    this.#hash = hashText(key, keySeed);
    return this.#owners[this.#hash % maglevEntries]!;
  }

  /** Another entry altogether, so that an absent node's keys spread over all others. */
  next(): number {
    this.#hash = mix32(this.#hash + rehashStep);
    return this.#owners[this.#hash % maglevEntries]!;
  }
}

/** At least as many turns as there are entries, each as time × 2^21 + node, or none without any weight. */
function turnsInOrder(nodes: readonly PlacedNode[]): Float64Array {
  let total = 0;
  for (const { weight } of nodes) total += weight;
  if (!(total > 0)) return new Float64Array(0);
  const turns: number[] = [];
  for (let node = 0; node < nodes.length; node++) {
    const share = nodes[node]!.weight / total;
    if (share === 0) continue;
    const count = Math.round(share * maglevEntries) + 1;
    for (let k = 0; k < count; k++) {
      // Time runs from 0 to little more than 1 for all but the smallest shares, who wait longer.
      const time = Math.min(1.9, (k + 0.5) / (share * maglevEntries));
      turns.push(Math.floor(time * 2 ** 31) * nodesMax + node);
    }
  }
  return Float64Array.from(turns).sort();
}
