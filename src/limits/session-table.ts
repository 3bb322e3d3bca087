/**
 * Which endpoint each session belongs to, for all worker threads at once, in a table of fixed size. A
 * session unused for the timeout is forgotten, and the longest unused of a full bucket makes room.
 *
 *   value: endpoint's number (16 bits) · when last used (16 bits, steps of 1/256 of the timeout)
 */
import { assert } from "../core/assert.ts";
import type { Random } from "../core/random.ts";
import { KeyTable, type ValueRules } from "./key-table.ts";

export interface SessionTableSettings {
  readonly timeoutMs: number;
  /** Sessions remembered. */
  readonly sessionsMax: number;
}

/** Steps in which a session ages until its timeout. */
const lifeSteps = 256;
const stepMask = 0xffff;
/** Steps come round after 65,536; old ones are swept out long before. */
const sweepEverySteps = 0x4000;
export const endpointNumberMax = 0xffff;

export class SessionTable implements ValueRules {
  readonly #table: KeyTable;
  readonly #stepMs: number;
  #step = 0;
  #nextSweepMs = 0;

  private constructor(table: KeyTable, timeoutMs: number) {
    this.#table = table;
    this.#stepMs = timeoutMs / lifeSteps;
  }

  static create(settings: SessionTableSettings, random: Random): SessionTable {
    return new SessionTable(KeyTable.create(settings.sessionsMax, random), settings.timeoutMs);
  }

  static attach(buffer: SharedArrayBuffer, settings: SessionTableSettings): SessionTable {
    return new SessionTable(KeyTable.attach(buffer), settings.timeoutMs);
  }

  get buffer(): SharedArrayBuffer {
    return this.#table.buffer;
  }

  /** The session's endpoint, whose time starts over; 0 when it is not known. `nowMs`: one clock for all workers. */
  find(session: string, nowMs: number): number {
    this.#setNow(nowMs);
    const index = this.#table.peek(session);
    if (index === -1) return 0;
    const { words } = this.#table;
    const value = words[index]!;
    if (this.owedOf(value) === 0) return 0;
    const renewed = (value & ~stepMask) | this.#step;
    // If another was faster, it renewed the session as well, or gave it another endpoint.
    if (renewed !== value) Atomics.compareExchange(words, index, value, renewed);
    return this.#table.holds(index) ? value >>> 16 : 0;
  }

  /** Nothing is remembered when there is no room; a session is a convenience. */
  remember(session: string, endpointNumber: number, nowMs: number): void {
    assert(
      endpointNumber >= 1 && endpointNumber <= endpointNumberMax,
      "an endpoint's number fits into a session",
    );
    this.#setNow(nowMs);
    const index = this.#table.find(session, this);
    if (index === -1) return;
    const { words } = this.#table;
    const before = words[index]!;
    const value = (endpointNumber << 16) | this.#step;
    Atomics.compareExchange(words, index, before, value);
    // A slot that changed hands meanwhile is another session's.
    if (!this.#table.holds(index)) Atomics.compareExchange(words, index, value, this.emptyValue);
  }

  // ValueRules

  readonly mayForget = true;
  readonly emptyValue = 0;

  /** Steps left to live. */
  owedOf(value: number): number {
    if (value === 0) return 0;
    return Math.max(0, lifeSteps - this.#ageOf(value));
  }

  isOld(value: number): boolean {
    return value !== 0 && this.#ageOf(value) > lifeSteps;
  }

  /** A clock that runs a little ahead makes no session old. */
  #ageOf(value: number): number {
    const age = (this.#step - value) & stepMask;
    return age > stepMask - lifeSteps ? 0 : age;
  }

  #setNow(nowMs: number): void {
    this.#step = Math.floor(nowMs / this.#stepMs) & stepMask;
    if (nowMs < this.#nextSweepMs) return;
    const everyMs = sweepEverySteps * this.#stepMs;
    const seen = this.#table.awaitSweep();
    const elapsedMs = (Math.floor(nowMs / 1000) - seen) * 1000;
    this.#nextSweepMs = nowMs + everyMs;
    const isFirst = seen === 0;
    if (!isFirst && elapsedMs < everyMs) return;
    if (!this.#table.beginSweep(seen)) return;
    // Nobody looked for so long that steps may have come round: all are old.
    this.#table.sweep(this, !isFirst && elapsedMs > 2 * everyMs);
    this.#table.endSweep(Math.floor(nowMs / 1000) | 0);
  }
}
