/**
 * The hash of keys and names for the placements that are our own to choose (maglev, rendezvous). Spreads
 * well and is quick on short text; not for secrets, and nothing outside agrees on it.
 */

/** Unsigned 32 bits: FNV-1a over the characters, then `mix32`. */
export function hashText(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ mix32(seed);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix32(hash);
}

/** Every bit of the input sways every bit of the result, unsigned. Source: MurmurHash3's finaliser. */
export function mix32(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The same as a fraction above 0 and below 1. */
export function fractionOf(hash: number): number {
  return (hash + 0.5) / 0x1_0000_0000;
}
