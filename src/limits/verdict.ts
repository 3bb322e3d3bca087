/** What a limit says about one request, and how often it said so. */
import { assert } from "../core/assert.ts";

/** `observe` acts on nothing and counts what it would have done. */
export type LimitMode = "enforce" | "observe";

export type Judgement = "admit" | "delay" | "reject";

/**
 * One limit's answer. A limit reuses its verdict: read it before asking again. `judgement` is what the
 * rule says, whatever the mode; act on `mustReject` and `mustDelayMs`.
 */
export class Verdict {
  judgement: Judgement = "admit";
  /** Until the request may pass, when judged `delay`. */
  delayMs = 0;
  /** Until asking again makes sense, when judged `reject`. */
  retryAfterMs = 0;
  /** Requests that would pass right now, after this one. */
  remaining = 0;
  /** Until the whole allowance is there again. */
  resetMs = 0;
  /** False when the key could not be remembered and was let through. */
  isTracked = true;
  readonly mode: LimitMode;

  constructor(mode: LimitMode) {
    this.mode = mode;
  }

  get mustReject(): boolean {
    return this.judgement === "reject" && this.mode === "enforce";
  }

  /** 0 when nothing is to be waited for. */
  get mustDelayMs(): number {
    return this.judgement === "delay" && this.mode === "enforce" ? this.delayMs : 0;
  }
}

const column = { admit: 0, delay: 1, reject: 2, untracked: 3 } as const;
const columns = 8;

export interface VerdictTotals {
  readonly admitted: number;
  readonly delayed: number;
  readonly rejected: number;
  /** Of the admitted: let through because the key could not be remembered. */
  readonly untracked: number;
}

/** Verdicts counted per worker in shared memory; each row has one writer, so plain additions do. */
export class VerdictCounts {
  readonly buffer: SharedArrayBuffer;
  readonly #all: Float64Array;
  readonly #row: Float64Array;

  private constructor(buffer: SharedArrayBuffer, workerIndex: number) {
    this.buffer = buffer;
    this.#all = new Float64Array(buffer);
    assert(workerIndex >= 0 && workerIndex * columns < this.#all.length, "the worker has a row of verdicts");
    this.#row = this.#all.subarray(workerIndex * columns, (workerIndex + 1) * columns);
  }

  static create(workerCount: number): VerdictCounts {
    return new VerdictCounts(new SharedArrayBuffer(workerCount * columns * 8), 0);
  }

  static attach(buffer: SharedArrayBuffer, workerIndex: number): VerdictCounts {
    return new VerdictCounts(buffer, workerIndex);
  }

  /** One worker only: nobody else counts, or changes what is counted here. */
  get isAlone(): boolean {
    return this.#all.length === columns;
  }

  count(verdict: Verdict): void {
    const index = column[verdict.judgement];
    this.#row[index] = this.#row[index]! + 1;
    if (!verdict.isTracked) this.#row[column.untracked] = this.#row[column.untracked]! + 1;
  }

  /** Sums over all workers. */
  read(): VerdictTotals {
    const sum = (index: number): number => {
      let total = 0;
      for (let at = index; at < this.#all.length; at += columns) total += this.#all[at]!;
      return total;
    };
    return {
      admitted: sum(column.admit),
      delayed: sum(column.delay),
      rejected: sum(column.reject),
      untracked: sum(column.untracked),
    };
  }
}
