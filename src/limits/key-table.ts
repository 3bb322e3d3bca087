/**
 * A fixed-size table in shared memory from keys to one 32-bit value each, without locks, for all
 * worker threads at once. What a value means is the owner's; the owner says which values owe nothing,
 * and only slots that owe nothing are given to other keys (or, where it may, the one that owes least).
 *
 *   header: buckets · seeds · forgotten · last sweep
 *   bucket: [fingerprint, value] × 8 = 64 bytes, one cache line; one half of the key's 64-bit hash
 *           chooses the bucket, the other half is the fingerprint; 0 is an empty slot
 *
 * Two live keys of one bucket have the same fingerprint with probability 2^-32; they then share one
 * allowance.
 *
 * How it stays exact: a slot changes hands by one 64-bit compare-and-exchange over fingerprint and
 * value, so never while its owner is being charged. Whoever changed a value looks at the fingerprint
 * again (`holds`) and, if the slot had changed hands before, takes the change back and looks the key up
 * anew. Whoever claimed a slot looks for a twin claimed at the same moment and gives its own up.
 */
import { assert } from "../core/assert.ts";
import { type Random, randomBelow } from "../core/random.ts";
import { KeyHash } from "./key-hash.ts";

const slotsPerBucket = 8;
const bucketWords = slotsPerBucket * 2;
const headerWords = 16;
const header = { buckets: 0, seedLow: 1, seedHigh: 2, forgotten: 3, sweptSecond: 4 } as const;
const claimTriesMax = 32;
/** What giving a slot away costs: 0 an empty one, 1 one that owes nothing, from here on one that owes. */
const owingCost = 2;
/** Stands in place of the last sweep's second while one is under way. */
const sweeping = -(2 ** 31);
/** A sweep takes 1 to 2 ns per slot; this is for threads that died in one. */
const sweepWaitMs = 100;

/** What a table must know about its values. Read on each look-up, so cheap. */
export interface ValueRules {
  /** How much a value still owes; 0 or less means that its slot may go to another key. */
  owedOf(value: number): number;
  /** Should a sweep renew it? Never true of a value that owes something. */
  isOld(value: number): boolean;
  /** The value of a key that owes nothing. */
  readonly emptyValue: number;
  /** May a key that owes something be forgotten when there is no room for a new one? */
  readonly mayForget: boolean;
}

export class KeyTable {
  readonly buffer: SharedArrayBuffer;
  /** For the owner's atomics, at the indexes that `find` gives. */
  readonly words: Int32Array;
  readonly #hash: KeyHash;
  readonly #bucketMask: number;
  readonly #pairs: BigInt64Array;
  readonly #scratch = new PairScratch();
  #fingerprint = 0;
  #start = headerWords;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.#pairs = new BigInt64Array(buffer);
    this.#bucketMask = this.words[header.buckets]! - 1;
    this.#hash = new KeyHash(this.words[header.seedLow]!, this.words[header.seedHigh]!);
  }

  /**
   * Room for `keysMax` live keys and some air, so that fewer than one key in a hundred meets a full
   * bucket: 16 to 32 bytes per key, at least 128.
   */
  static create(keysMax: number, random: Random): KeyTable {
    assert(keysMax >= 1 && keysMax <= 2 ** 26, "a table holds between one key and 67 million");
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(1, keysMax / 4)));
    const buffer = new SharedArrayBuffer((headerWords + buckets * bucketWords) * 4);
    const words = new Int32Array(buffer);
    words[header.buckets] = buckets;
    words[header.seedLow] = randomBelow(random, 2 ** 32);
    words[header.seedHigh] = randomBelow(random, 2 ** 32);
    return new KeyTable(buffer);
  }

  static attach(buffer: SharedArrayBuffer): KeyTable {
    return new KeyTable(buffer);
  }

  /** Second of the last sweep, on its maker's clock. Waits for a sweep under way, but not for a dead thread's. */
  awaitSweep(): number {
    if (this.words[header.sweptSecond] === sweeping) {
      Atomics.wait(this.words, header.sweptSecond, sweeping, sweepWaitMs);
    }
    return this.words[header.sweptSecond]!;
  }

  /** True for the one caller that is to sweep: nobody else began since `seen` was read. */
  beginSweep(seen: number): boolean {
    return Atomics.compareExchange(this.words, header.sweptSecond, seen, sweeping) === seen;
  }

  endSweep(second: number): void {
    Atomics.store(this.words, header.sweptSecond, second);
    Atomics.notify(this.words, header.sweptSecond);
  }

  /** Slots in all; a slot's number is its `find` index through `slotOf`. */
  get slotCount(): number {
    return (this.#bucketMask + 1) * slotsPerBucket;
  }

  /** Keys that were forgotten while they still owed something. */
  get forgottenCount(): number {
    return this.words[header.forgotten]!;
  }

  /** Index of the key's value in `words`, claiming a slot if it has none; −1 when there is no room. */
  find(key: string, rules: ValueRules): number {
    const index = this.peek(key);
    return index === -1 ? this.#claim(this.#start, this.#fingerprint, rules) : index;
  }

  /** Index of the key's value in `words`; −1 if it has none. */
  peek(key: string): number {
    this.#hash.of(key);
    const fingerprint = this.#hash.high === 0 ? 1 : this.#hash.high;
    const start = headerWords + (this.#hash.low & this.#bucketMask) * bucketWords;
    this.#fingerprint = fingerprint;
    this.#start = start;
    const { words } = this;
    for (let index = start; index < start + bucketWords; index += 2) {
      if (words[index] === fingerprint) return index + 1;
    }
    return -1;
  }

  /** Is the slot found last still the key's? To be asked after each change of its value. */
  holds(index: number): boolean {
    return this.words[index - 1] === this.#fingerprint;
  }

  /** 0 to `slotCount` − 1, for tables beside this one. */
  slotOf(index: number): number {
    return (index - 1 - headerWords) >> 1;
  }

  /** The inverse of `slotOf`. */
  indexOf(slot: number): number {
    return headerWords + slot * 2 + 1;
  }

  /**
   * Renews every value that owes nothing and is `isOld`, so that values on a circle never come round;
   * others may use the table meanwhile. With `isAll` every value is renewed, and others must wait.
   */
  sweep(rules: ValueRules, isAll: boolean): void {
    const { words } = this;
    const { emptyValue } = rules;
    for (let index = headerWords + 1; index < words.length; index += 2) {
      const value = words[index]!;
      if (isAll) words[index] = emptyValue;
      else if (rules.isOld(value)) Atomics.compareExchange(words, index, value, emptyValue);
    }
  }

  #claim(start: number, fingerprint: number, rules: ValueRules): number {
    for (let tries = 0; tries < claimTriesMax; tries++) {
      const own = this.#indexIn(start, fingerprint, -1);
      if (own !== -1) return own + 1;
      const slot = this.#take(start, fingerprint, rules);
      if (slot === -1) return -1;
      if (slot === -2) continue;
      const hasTwin = this.#indexIn(start, fingerprint, slot) !== -1;
      if (!hasTwin || !this.#exchange(slot, fingerprint, rules.emptyValue, 0, rules.emptyValue))
        return slot + 1;
    }
    return -1;
  }

  /** Index of the slot with this fingerprint, other than `except`; −1 if there is none. */
  #indexIn(start: number, fingerprint: number, except: number): number {
    for (let index = start; index < start + bucketWords; index += 2) {
      if (index !== except && Atomics.load(this.words, index) === fingerprint) return index;
    }
    return -1;
  }

  /**
   * Gives the key the slot that is cheapest to give away: an empty one, else one that owes nothing, else
   * the one that owes least. Its index; −1 if none may be given, −2 if somebody touched it meanwhile.
   */
  #take(start: number, fingerprint: number, rules: ValueRules): number {
    const { words } = this;
    let slot = -1;
    let occupant = 0;
    let value = 0;
    let leastCost = rules.mayForget ? Number.POSITIVE_INFINITY : owingCost;
    for (let index = start; index < start + bucketWords && leastCost > 0; index += 2) {
      const seenOccupant = words[index]!;
      const seenValue = words[index + 1]!;
      const owed = rules.owedOf(seenValue);
      const cost = owed > 0 ? owingCost + owed : seenOccupant === 0 ? 0 : 1;
      if (cost >= leastCost) continue;
      leastCost = cost;
      slot = index;
      occupant = seenOccupant;
      value = seenValue;
    }
    if (slot === -1) return -1;
    // What was judged is what is exchanged: a slot that changed since is left alone.
    if (!this.#exchange(slot, occupant, value, fingerprint, rules.emptyValue)) return -2;
    if (leastCost > owingCost && occupant !== 0) Atomics.add(words, header.forgotten, 1);
    return slot;
  }

  /** Replaces fingerprint and value at once if both are as expected. Allocates; only for slots that change hands. */
  #exchange(
    slot: number,
    fingerprint: number,
    value: number,
    newFingerprint: number,
    newValue: number,
  ): boolean {
    const { half, whole } = this.#scratch;
    half[0] = fingerprint;
    half[1] = value;
    half[2] = newFingerprint;
    half[3] = newValue;
    return Atomics.compareExchange(this.#pairs, slot >> 1, whole[0]!, whole[1]!) === whole[0];
  }
}

/** Turns pairs of words into the 64-bit numbers that this machine's memory order makes of them. */
class PairScratch {
  readonly half = new Int32Array(4);
  readonly whole = new BigInt64Array(this.half.buffer);
}
