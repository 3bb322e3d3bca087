/** A Clock that stands still until a test moves it. Timers run in order of their time, then of their setting. */
import type { Clock, Timer } from "../../src/core/clock.ts";

interface PendingTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #epochMs: number;
  #pending: PendingTimer[] = [];

  constructor(epochMs = 1_723_171_428_000) {
    this.#epochMs = epochMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + Math.max(delayMs, 0), callback };
    this.#pending.push(timer);
    return { cancel: () => void (this.#pending = this.#pending.filter((other) => other !== timer)) };
  }

  /** How many timers are set: 0 when everything under test has let go. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Moves on by `ms`, running every timer that comes due, also those set on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#earliest();
      if (next === null || next.dueMs > endMs) break;
      this.#pending = this.#pending.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = endMs;
  }

  #earliest(): PendingTimer | null {
    return this.#pending.reduce<PendingTimer | null>(
      (earliest, timer) => (earliest === null || timer.dueMs < earliest.dueMs ? timer : earliest),
      null,
    );
  }
}
