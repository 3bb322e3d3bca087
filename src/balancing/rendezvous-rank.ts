/**
 * Rendezvous hashing (highest random weight): every node draws a number from the key, and the best draw
 * wins. When a node goes, only its own keys move, each to its second best. Sources: D. Thaler and
 * C. Ravishankar (1998); weights after C. Schindelhauer and G. Schomaker (2005).
 *
 * Ranking costs a pass over the nodes, so keys are gathered in 65,536 buckets and each bucket's winner is
 * remembered: a key costs a look-up once its bucket is known.
 */
import { fractionOf, hashText, mix32 } from "./key-hash.ts";
import type { KeyPlacement, PlacedNode } from "./key-placement.ts";

const buckets = 65_536;
const unknown = -1;
const keySeed = 4;
const nodeSeed = 5;

export class RendezvousRank implements KeyPlacement {
  #nodeHashes = new Uint32Array(0);
  #weights = new Float64Array(0);
  readonly #winners = new Int32Array(buckets);

  build(nodes: readonly PlacedNode[]): void {
    this.#nodeHashes = Uint32Array.from(nodes, ({ name }) => rendezvousNodeHash(name));
    this.#weights = Float64Array.from(nodes, ({ weight }) => weight);
    this.#winners.fill(unknown);
  }

  first(key: string): number {
    const bucket = rendezvousKeyHash(key) % buckets;
    const winner = this.#winners[bucket]!;
    return winner === unknown ? (this.#winners[bucket] = this.#rank(bucket)) : winner;
  }

  /** The second best is the hash policy's last resort, which ranks those who can serve. */
  next(): number {
    return -1;
  }

  #rank(bucket: number): number {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#weights.length; i++) {
      const cost = rendezvousCost(bucket, this.#nodeHashes[i]!, this.#weights[i]!);
      if (!(cost < least)) continue;
      best = i;
      least = cost;
    }
    return best;
  }
}

export function rendezvousKeyHash(key: string): number {
  return hashText(key, keySeed);
}

export function rendezvousNodeHash(name: string): number {
  return hashText(name, nodeSeed);
}

/** Exponentially distributed with mean 1 / weight, so that the least is each node's with its share. */
export function rendezvousCost(keyHash: number, nodeHash: number, weight: number): number {
  return -Math.log(fractionOf(mix32(Math.imul(keyHash, 0x9e37_79b1) ^ nodeHash))) / weight;
}
