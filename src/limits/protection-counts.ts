/**
 * How often each protection acted, or would have in observe mode: the same two numbers for all of them,
 * so that `mode: observe` can be judged before it is lifted. One owner's (a pool's, a route's), over all
 * workers; each worker and the control plane has a row, so plain additions do.
 */
import { assert } from "../core/assert.ts";
import type { LimitMode } from "./verdict.ts";

export const protections = [
  "queue",
  "hedge",
  "outlier",
  "max-fails",
  "slow-start",
  "panic",
  "zones",
  "retry-budget",
  "faults",
  "health",
  "access",
  "body-limit",
  "bandwidth",
  "mirror",
  "mirror-drop",
] as const;
export type Protection = (typeof protections)[number];

export interface ProtectionTotals {
  /** It acted. */
  readonly enforced: number;
  /** It would have acted. */
  readonly observed: number;
}

const columns = 32;
/** The last column: requests that wait in this worker's queue now. */
const waitingColumn = columns - 1;
const column = Object.fromEntries(protections.map((name, index) => [name, index * 2])) as Record<
  Protection,
  number
>;

export class ProtectionCounts {
  readonly buffer: SharedArrayBuffer;
  readonly #all: Float64Array;
  readonly #row: Float64Array;

  private constructor(buffer: SharedArrayBuffer, row: number) {
    this.buffer = buffer;
    this.#all = new Float64Array(buffer);
    assert(protections.length * 2 < columns, "each protection has two columns of its own");
    assert(row >= 0 && (row + 1) * columns <= this.#all.length, "whoever counts has a row");
    this.#row = this.#all.subarray(row * columns, (row + 1) * columns);
  }

  /** The creator is the control plane, whose row is the last. */
  static create(workerCount: number): ProtectionCounts {
    return new ProtectionCounts(new SharedArrayBuffer((workerCount + 1) * columns * 8), workerCount);
  }

  static attach(buffer: SharedArrayBuffer, workerIndex: number): ProtectionCounts {
    return new ProtectionCounts(buffer, workerIndex);
  }

  count(protection: Protection, mode: LimitMode): void {
    const index = column[protection] + (mode === "enforce" ? 0 : 1);
    this.#row[index] = this.#row[index]! + 1;
  }

  read(protection: Protection): ProtectionTotals {
    return { enforced: this.#sum(column[protection]), observed: this.#sum(column[protection] + 1) };
  }

  /** Requests that wait now, over all workers. */
  get waiting(): number {
    return this.#sum(waitingColumn);
  }

  /** Those of this worker. */
  setWaiting(count: number): void {
    this.#row[waitingColumn] = count;
  }

  #sum(index: number): number {
    let total = 0;
    for (let at = index; at < this.#all.length; at += columns) total += this.#all[at]!;
    return total;
  }
}
