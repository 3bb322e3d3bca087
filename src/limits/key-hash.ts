/**
 * A seeded 64-bit hash of text, for the shared tables of this folder. Fast and evenly spread, not
 * cryptographic: the secret seed only keeps strangers from choosing keys that meet in one place.
 *
 * Two 32-bit lanes over UTF-16 code units, each xor-multiply with a rotation, crossed at the end and
 * passed through MurmurHash3's finaliser.
 */

export class KeyHash {
  readonly #seedLow: number;
  readonly #seedHigh: number;
  /** Result of the last `of`: 32 bits, signed. */
  low = 0;
  /** The other 32 bits. */
  high = 0;

  constructor(seedLow: number, seedHigh: number) {
    this.#seedLow = seedLow;
    this.#seedHigh = seedHigh;
  }

  /** Hashes `key` into `low` and `high`; two fields instead of a result, so that nothing is allocated. */
  of(key: string): void {
    let low = this.#seedLow ^ key.length;
    let high = this.#seedHigh;
    for (let index = 0; index < key.length; index++) {
      const unit = key.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x2c1b3c6d);
      low = (low << 13) | (low >>> 19);
      high = Math.imul(high ^ unit, 0x297a2d39);
      high = (high << 15) | (high >>> 17);
    }
    this.low = finish(low ^ Math.imul(high, 0x9e3779b1));
    this.high = finish(high ^ Math.imul(low, 0x7feb352d));
  }
}

function finish(lane: number): number {
  let bits = lane ^ (lane >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
