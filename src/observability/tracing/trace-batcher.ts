/**
 * A thread's side of the export: holds finished exchanges of sampled traces and hands them over a few times
 * a second. Bounded; what does not fit is dropped and counted. Nothing is serialised here.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { TracedExchange } from "./traced-exchange.ts";

export interface TraceBatch {
  readonly exchanges: readonly TracedExchange[];
  /** Exchanges left out since the batch before. */
  readonly dropped: number;
}

export interface TraceBatcherParts {
  readonly clock: Clock;
  readonly send: (batch: TraceBatch) => void;
  /** Exchanges in one batch. Default 1024. */
  readonly batchMax?: number;
  /** Time between two batches. Default 250. */
  readonly intervalMs?: number;
}

export class TraceBatcher {
  readonly #parts: TraceBatcherParts;
  readonly #batchMax: number;
  #exchanges: TracedExchange[] = [];
  #dropped = 0;
  #timer: Timer | null = null;

  constructor(parts: TraceBatcherParts) {
    this.#parts = parts;
    this.#batchMax = parts.batchMax ?? 1024;
  }

  /** May the next one be added? Asked first, so that one too many is not even made. */
  hasRoom(): boolean {
    if (this.#exchanges.length < this.#batchMax) return true;
    this.#dropped++;
    return false;
  }

  add(exchange: TracedExchange): void {
    this.#exchanges.push(exchange);
    this.#timer ??= this.#parts.clock.setTimer(this.#parts.intervalMs ?? 250, () => this.flush());
  }

  /** Sends what there is, as before the thread ends. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#exchanges.length === 0 && this.#dropped === 0) return;
    const batch = { exchanges: this.#exchanges, dropped: this.#dropped };
    this.#exchanges = [];
    this.#dropped = 0;
    this.#parts.send(batch);
  }
}
