/**
 * Records that wait a moment to be spelled together. Between two requests the processor's caches forget
 * what spelling a line needs: one line at the end of each exchange costs three times as much as the same
 * line among sixty others (bench/observability.ts). Does not know what becomes of a record.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { AccessRecord } from "./access-record.ts";

/** Few enough that what they hold on to, their requests' heads, does not matter. */
const recordsMax = 64;

export interface RecordBatchParts {
  readonly clock: Pick<Clock, "setTimer">;
  /** Longest time a record waits. */
  readonly delayMs: number;
  /** Called for each record in turn. */
  spell(record: AccessRecord): void;
}

export class RecordBatch {
  readonly #parts: RecordBatchParts;
  readonly #records: (AccessRecord | null)[] = Array.from({ length: recordsMax }, () => null);
  readonly #onTimer = (): void => {
    this.#timer = null;
    this.flush();
  };
  #count = 0;
  #timer: Timer | null = null;

  constructor(parts: RecordBatchParts) {
    this.#parts = parts;
  }

  /** Those that wait now. */
  get count(): number {
    return this.#count;
  }

  /** What the record says must stay true after its exchange is over. */
  add(record: AccessRecord): void {
    this.#records[this.#count++] = record;
    if (this.#count === recordsMax) this.flush();
    else this.#timer ??= this.#parts.clock.setTimer(this.#parts.delayMs, this.#onTimer);
  }

  flush(): void {
    const records = this.#records;
    const count = this.#count;
    this.#count = 0;
    for (let index = 0; index < count; index++) {
      const record = records[index]!;
      records[index] = null;
      this.#parts.spell(record);
    }
  }

  close(): void {
    this.flush();
    this.#timer?.cancel();
    this.#timer = null;
  }
}
