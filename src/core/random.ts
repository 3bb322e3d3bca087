/**
 * The Random seam. Nothing in Headgate calls `Math.random` directly; it takes one of these.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** Uniform integer in [0, bound). `bound` is at least 1. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/**
 * A small reproducible generator for tests and the simulator: SplitMix32, period 2^32.
 * Source: the 32-bit finaliser of MurmurHash3 over a Weyl sequence (Steele, Lea, Flood 2014).
 * Not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    next(): number {
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      z ^= z >>> 15;
      return (z >>> 0) / 0x1_0000_0000;
    },
  };
}
