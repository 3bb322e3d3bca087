/**
 * Counters of one labelled thing (a listener, a route, a pool) in one SharedArrayBuffer, one row per
 * worker, each row written by its worker alone, so plain additions do. Buffers outlive reloads: a name
 * that stays keeps its counts.
 *
 *   worker 0 │ none 1xx 2xx 3xx 4xx 5xx │ bytes in · out │ retries · refused heads │ …
 *   worker 1 │ …
 */
import { assert } from "../../core/assert.ts";

/** Slots 0 to 5 are the status classes, 0 for none. */
const slot = { bytesIn: 6, bytesOut: 7, retries: 8, refusedHeads: 9 } as const;
/** Two cache lines, so that workers do not get in each other's way. */
const rowSlots = 16;

export interface TrafficTotals {
  /** Exchanges by the first digit of their status, index 1 to 5; 0 for those without one. */
  readonly requestsByClass: readonly number[];
  /** Body bytes from clients. */
  readonly bytesIn: number;
  /** Body bytes to clients. */
  readonly bytesOut: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Heads refused before an exchange began. */
  readonly refusedHeads: number;
}

export class TrafficBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #row: Float64Array;

  /** The block as worker `workerIndex` writes it. */
  constructor(buffer: SharedArrayBuffer, workerIndex: number) {
    const workers = buffer.byteLength / (rowSlots * 8);
    assert(workerIndex >= 0 && workerIndex < workers, "the worker has a row in the counters");
    this.buffer = buffer;
    this.#row = new Float64Array(buffer, workerIndex * rowSlots * 8, rowSlots);
  }

  static create(workerCount: number): TrafficBlock {
    return new TrafficBlock(new SharedArrayBuffer(workerCount * rowSlots * 8), 0);
  }

  /** One exchange is over. `statusClass` is 0 to 5. */
  add(statusClass: number, bytesIn: number, bytesOut: number): void {
    const row = this.#row;
    row[statusClass] = row[statusClass]! + 1;
    row[slot.bytesIn] = row[slot.bytesIn]! + bytesIn;
    row[slot.bytesOut] = row[slot.bytesOut]! + bytesOut;
  }

  addRetries(count: number): void {
    this.#row[slot.retries] = this.#row[slot.retries]! + count;
  }

  addRefusedHead(): void {
    this.#row[slot.refusedHeads] = this.#row[slot.refusedHeads]! + 1;
  }

  /** Sums over all workers. Not one instant: a running worker may be half an exchange ahead. */
  read(): TrafficTotals {
    const sums = sumOfRows(new Float64Array(this.buffer), rowSlots);
    return {
      requestsByClass: [...sums.subarray(0, 6)],
      bytesIn: sums[slot.bytesIn]!,
      bytesOut: sums[slot.bytesOut]!,
      retries: sums[slot.retries]!,
      refusedHeads: sums[slot.refusedHeads]!,
    };
  }
}

/** Adds up rows of `width` doubles that follow one another. */
export function sumOfRows(rows: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let index = 0; index < rows.length; index++) sums[index % width] = sums[index % width]! + rows[index]!;
  return sums;
}
