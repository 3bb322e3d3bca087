/**
 * How each worker is doing, written by the worker about once a second and read by the control plane:
 * one row of doubles per worker. What an access log lost stands here, too, because only its thread knows.
 *
 *   loop delay ms · loop utilisation · heap bytes · lines written · dropped · lost · restarts
 */
import { assert } from "../core/assert.ts";
import type { WorkerReading } from "../observability/metrics/process-metrics.ts";

const slot = { delay: 0, utilization: 1, heap: 2, written: 3, dropped: 4, lost: 5, restarts: 6 } as const;
/** A cache line. */
const rowSlots = 8;

interface LoopState {
  readonly delayMs: number;
  readonly utilization: number;
  readonly heapBytes: number;
}

export interface LineTotals {
  readonly written: number;
  readonly dropped: number;
  readonly lost: number;
}

export class WorkerVitals {
  readonly buffer: SharedArrayBuffer;
  readonly #slots: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#slots = new Float64Array(buffer);
  }

  static create(workerCount: number): WorkerVitals {
    return new WorkerVitals(new SharedArrayBuffer(workerCount * rowSlots * 8));
  }

  /** For the worker itself. */
  setLoop(workerIndex: number, { delayMs, utilization, heapBytes }: LoopState): void {
    const row = this.#rowOf(workerIndex);
    row[slot.delay] = delayMs;
    row[slot.utilization] = utilization;
    row[slot.heap] = heapBytes;
  }

  /** For the worker itself: lines since it told last, so that a replacement goes on counting. */
  addLines(workerIndex: number, { written, dropped, lost }: LineTotals): void {
    const row = this.#rowOf(workerIndex);
    row[slot.written] = row[slot.written]! + written;
    row[slot.dropped] = row[slot.dropped]! + dropped;
    row[slot.lost] = row[slot.lost]! + lost;
  }

  /** For the control plane, when the worker has died and is replaced. */
  countRestart(workerIndex: number): void {
    const row = this.#rowOf(workerIndex);
    row[slot.restarts] = row[slot.restarts]! + 1;
  }

  readWorkers(): readonly WorkerReading[] {
    return Array.from({ length: this.#slots.length / rowSlots }, (_, workerIndex) => {
      const row = this.#rowOf(workerIndex);
      return {
        worker: String(workerIndex),
        loopDelayMs: row[slot.delay]!,
        loopUtilization: row[slot.utilization]!,
        heapBytes: row[slot.heap]!,
        restarts: row[slot.restarts]!,
      };
    });
  }

  /** Summed over the workers. */
  readLines(): LineTotals {
    const totals = { written: 0, dropped: 0, lost: 0 };
    for (let at = 0; at < this.#slots.length; at += rowSlots) {
      totals.written += this.#slots[at + slot.written]!;
      totals.dropped += this.#slots[at + slot.dropped]!;
      totals.lost += this.#slots[at + slot.lost]!;
    }
    return totals;
  }

  #rowOf(workerIndex: number): Float64Array {
    const from = workerIndex * rowSlots;
    assert(from >= 0 && from + rowSlots <= this.#slots.length, "the worker has a row among the vitals");
    return this.#slots.subarray(from, from + rowSlots);
  }
}
