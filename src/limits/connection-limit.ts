/**
 * How many connections (or requests) each client may hold at once, counted over all worker threads in
 * one shared table. Owns the counts; closing connections is the listener's.
 *
 * A slot is given to another client only when its count is 0, so nobody who holds a connection is ever
 * forgotten. Where a bucket is full of such clients, a new client is let through uncounted: the
 * listener's own limit still stands, and refusing strangers for others' sake would help an attacker.
 *
 *   KeyTable: client → connections held       rows: per worker, per slot, how many of them are its own
 */
import type { Random } from "../core/random.ts";
import { KeyTable, type ValueRules } from "./key-table.ts";
import { type LimitMode, Verdict, VerdictCounts, type VerdictTotals } from "./verdict.ts";

export interface ConnectionLimitSettings {
  /** Most at once per key. */
  readonly max: number;
  /** Clients remembered. */
  readonly keysMax: number;
  readonly mode: LimitMode;
}

export interface ConnectionLimitShare {
  readonly table: SharedArrayBuffer;
  readonly held: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
}

/** Token of a refused connection; nothing to give back. */
export const refusedToken = -1;
/** Token of a connection that is not counted; `close` ignores it. */
export const uncountedToken = -2;

const countRules: ValueRules = {
  owedOf: (count) => count,
  isOld: () => false,
  emptyValue: 0,
  mayForget: false,
};

export class ConnectionLimit {
  readonly settings: ConnectionLimitSettings;
  readonly #table: KeyTable;
  readonly #counts: VerdictCounts;
  readonly #verdict: Verdict;
  readonly #heldBuffer: SharedArrayBuffer;
  /** This worker's own, per slot. */
  readonly #held: Uint32Array;

  private constructor(
    settings: ConnectionLimitSettings,
    table: KeyTable,
    held: SharedArrayBuffer,
    workerIndex: number,
    counts: VerdictCounts,
  ) {
    this.settings = settings;
    this.#table = table;
    this.#counts = counts;
    this.#verdict = new Verdict(settings.mode);
    this.#heldBuffer = held;
    this.#held = this.#heldOf(workerIndex);
  }

  static create(settings: ConnectionLimitSettings, workerCount: number, random: Random): ConnectionLimit {
    const table = KeyTable.create(settings.keysMax, random);
    const held = new SharedArrayBuffer(table.slotCount * workerCount * Uint32Array.BYTES_PER_ELEMENT);
    return new ConnectionLimit(settings, table, held, 0, VerdictCounts.create(workerCount));
  }

  /** The same limit seen from a worker. `max` and `mode` may be newer ones; the counts go on. */
  static attach(
    share: ConnectionLimitShare,
    workerIndex: number,
    settings: ConnectionLimitSettings,
  ): ConnectionLimit {
    const counts = VerdictCounts.attach(share.counts, workerIndex);
    return new ConnectionLimit(settings, KeyTable.attach(share.table), share.held, workerIndex, counts);
  }

  get share(): ConnectionLimitShare {
    return { table: this.#table.buffer, held: this.#heldBuffer, counts: this.#counts.buffer };
  }

  /**
   * Counts a connection of `key` unless it holds `max` already. Returns a token for `close`, or
   * `refusedToken`. In observe mode nobody is refused, and those over the limit are counted too.
   */
  open(key: string): number {
    const verdict = this.#verdict;
    verdict.judgement = "admit";
    verdict.isTracked = true;
    const index = this.#take(key);
    if (index === -1) verdict.isTracked = false;
    this.#counts.count(verdict);
    if (verdict.mustReject) return refusedToken;
    if (index === -1) return uncountedToken;
    const slot = this.#table.slotOf(index);
    this.#held[slot] = this.#held[slot]! + 1;
    return slot;
  }

  /** Gives back what `open` counted. */
  close(token: number): void {
    if (token < 0) return;
    this.#held[token] = this.#held[token]! - 1;
    Atomics.sub(this.#table.words, this.#table.indexOf(token), 1);
  }

  /** Connections that `key` holds now, over all workers. */
  countOf(key: string): number {
    const index = this.#table.peek(key);
    return index === -1 ? 0 : Atomics.load(this.#table.words, index);
  }

  read(): VerdictTotals {
    return this.#counts.read();
  }

  /** After worker `workerIndex` died: gives back every connection it held. */
  releaseWorker(workerIndex: number): void {
    const held = this.#heldOf(workerIndex);
    for (let slot = 0; slot < held.length; slot++) {
      const count = held[slot]!;
      if (count === 0) continue;
      held[slot] = 0;
      Atomics.sub(this.#table.words, this.#table.indexOf(slot), count);
    }
  }

  /** Adds one to the key's count and gives its index; judges `reject` (and in enforce mode adds nothing) at `max`. */
  #take(key: string): number {
    const { words } = this.#table;
    const { max, mode } = this.settings;
    for (;;) {
      const index = this.#table.find(key, countRules);
      if (index === -1) return -1;
      const count = Atomics.load(words, index);
      const isOver = count >= max;
      if (isOver && !this.#table.holds(index)) continue;
      this.#verdict.judgement = isOver ? "reject" : "admit";
      if (isOver && mode === "enforce") return index;
      if (Atomics.compareExchange(words, index, count, count + 1) !== count) continue;
      if (this.#table.holds(index)) return index;
      // The slot changed hands while the key held nothing.
      Atomics.sub(words, index, 1);
    }
  }

  #heldOf(workerIndex: number): Uint32Array {
    const slots = this.#table.slotCount;
    return new Uint32Array(this.#heldBuffer, workerIndex * slots * Uint32Array.BYTES_PER_ELEMENT, slots);
  }
}
