/**
 * Warnings that strangers can cause at will: the first few are said at once, then one in a while, which tells how
 * many were left out. So a flood of them costs neither the disk nor the lines of others.
 */
import type { Clock } from "../core/clock.ts";
import type { Log, LogFields } from "../core/log.ts";

const atOnceMax = 10;
const pauseMs = 10_000;

export class BoundedWarnings {
  readonly #log: Log;
  readonly #clock: Clock;
  /** Lines that may be said; one comes back every pause. */
  #left = atOnceMax;
  #countedMs: number;
  #leftOut = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#countedMs = clock.nowMs();
  }

  warn(message: string, fields: LogFields): void {
    this.#refill();
    if (this.#left === 0) {
      this.#leftOut++;
      this.#log.debug(message, fields);
      return;
    }
    this.#left--;
    this.#log.warn(message, this.#leftOut === 0 ? fields : { ...fields, leftOut: this.#leftOut });
    this.#leftOut = 0;
  }

  #refill(): void {
    const pauses = Math.floor((this.#clock.nowMs() - this.#countedMs) / pauseMs);
    this.#countedMs += pauses * pauseMs;
    this.#left = Math.min(atOnceMax, this.#left + pauses);
  }
}
