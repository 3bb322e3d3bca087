/**
 * How often each cause of the error table ended an exchange, and how often it ended an attempt. One
 * SharedArrayBuffer for the whole balancer, one row per worker, in the table's order.
 */
import { assert } from "../../core/assert.ts";
import { type Cause, errorTable } from "../../core/errors.ts";
import { sumOfRows } from "./traffic-block.ts";

const causes = Object.keys(errorTable) as readonly Cause[];
const indexes: ReadonlyMap<string, number> = new Map(causes.map((cause, index) => [cause, index]));
const rowSlots = Math.ceil((causes.length * 2) / 8) * 8;

export interface CauseTotals {
  readonly cause: Cause;
  /** Exchanges (and refused heads) it ended. */
  readonly exchanges: number;
  /** Attempts it ended, whether or not another one then succeeded. */
  readonly attempts: number;
}

export class CauseBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #row: Float64Array;

  /** The block as worker `workerIndex` writes it. */
  constructor(buffer: SharedArrayBuffer, workerIndex: number) {
    assert(
      workerIndex >= 0 && workerIndex < buffer.byteLength / (rowSlots * 8),
      "the worker has a row in the causes",
    );
    this.buffer = buffer;
    this.#row = new Float64Array(buffer, workerIndex * rowSlots * 8, rowSlots);
  }

  static create(workerCount: number): CauseBlock {
    return new CauseBlock(new SharedArrayBuffer(workerCount * rowSlots * 8), 0);
  }

  addExchange(cause: string): void {
    this.#add(cause, 0);
  }

  addAttempt(cause: string): void {
    this.#add(cause, causes.length);
  }

  #add(cause: string, from: number): void {
    const index = indexes.get(cause);
    if (index === undefined) return;
    this.#row[from + index] = this.#row[from + index]! + 1;
  }

  /** Sums over all workers, every cause of the table in its order. */
  read(): readonly CauseTotals[] {
    const sums = sumOfRows(new Float64Array(this.buffer), rowSlots);
    return causes.map((cause, index) => ({
      cause,
      exchanges: sums[index]!,
      attempts: sums[causes.length + index]!,
    }));
  }
}
