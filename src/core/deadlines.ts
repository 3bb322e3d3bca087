/**
 * Coarse timers for the request path: thousands of deadlines share one ticking timer.
 *
 * A deadline is set far more often than it expires, so setting one that is already scheduled is a
 * plain store; its slot looks at the real due time when it comes up and moves it on. Deadlines
 * expire up to three ticks late and never early.
 *
 *   ring of slots, one per tick:  [ ]→[d d]→[ ]→[d]→ …   each slot a doubly linked list
 */
import type { Clock, Timer } from "./clock.ts";

const slotCount = 1024;
const unset = Number.POSITIVE_INFINITY;

export class Deadlines {
  /** Monotonic ms as of the last tick: cheap, at most one tick old while anything is scheduled. */
  coarseNowMs: number;
  readonly tickMs: number;
  readonly #clock: Clock;
  readonly #slots: (Deadline | null)[] = Array.from({ length: slotCount }, () => null);
  readonly #tick = (): void => this.#advance();
  #tickIndex = 0;
  #lastTickMs: number;
  #scheduledCount = 0;
  #timer: Timer | null = null;

  constructor(clock: Clock, tickMs = 50) {
    this.#clock = clock;
    this.tickMs = tickMs;
    this.coarseNowMs = clock.nowMs();
    this.#lastTickMs = this.coarseNowMs;
  }

  /** For `Deadline` only: places it in the slot where it is due. */
  schedule(deadline: Deadline): void {
    if (this.#timer === null) this.#start();
    const ticksAway = Math.ceil((deadline.dueMs - this.#lastTickMs) / this.tickMs);
    const index = this.#tickIndex + Math.min(Math.max(ticksAway, 1), slotCount - 1);
    if (deadline.slotIndex !== -1) {
      if (deadline.slotIndex <= index) return;
      this.unschedule(deadline);
    }
    deadline.slotIndex = index;
    const slot = index % slotCount;
    const head = this.#slots[slot] ?? null;
    deadline.next = head;
    deadline.previous = null;
    if (head !== null) head.previous = deadline;
    this.#slots[slot] = deadline;
    this.#scheduledCount++;
  }

  unschedule(deadline: Deadline): void {
    if (deadline.slotIndex === -1) return;
    if (deadline.previous === null) this.#slots[deadline.slotIndex % slotCount] = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next !== null) deadline.next.previous = deadline.previous;
    deadline.next = null;
    deadline.previous = null;
    deadline.slotIndex = -1;
    this.#scheduledCount--;
  }

  /** Monotonic ms, at most one tick old even when nothing is scheduled; mostly costs less than a clock. */
  get recentMs(): number {
    return this.#timer === null ? this.#clock.nowMs() : this.coarseNowMs;
  }

  /** The time against which a delay counts: fresh when the ticking was asleep. */
  baseMs(): number {
    if (this.#timer === null) this.#start();
    return this.coarseNowMs;
  }

  #start(): void {
    this.coarseNowMs = this.#clock.nowMs();
    this.#lastTickMs = this.coarseNowMs;
    this.#timer = this.#clock.setTimer(this.tickMs, this.#tick);
  }

  #advance(): void {
    this.coarseNowMs = this.#clock.nowMs();
    while (this.#lastTickMs + this.tickMs <= this.coarseNowMs) {
      this.#lastTickMs += this.tickMs;
      this.#tickIndex++;
      this.#visit(this.#tickIndex % slotCount);
      if (this.#scheduledCount === 0) break;
    }
    this.#timer = this.#scheduledCount === 0 ? null : this.#clock.setTimer(this.tickMs, this.#tick);
  }

  #visit(slot: number): void {
    let deadline = this.#slots[slot] ?? null;
    while (deadline !== null) {
      // What an expiry does may unschedule others, so each round starts from the slot's head.
      this.unschedule(deadline);
      if (deadline.dueMs !== unset) {
        if (deadline.dueMs <= this.#lastTickMs) deadline.expire();
        else this.schedule(deadline);
      }
      deadline = this.#slots[slot] ?? null;
    }
  }
}

/** One owner's deadline; set and cleared as often as needed, expires at most once per setting. */
export class Deadline {
  /** Absolute monotonic ms; Infinity when not set. */
  dueMs = unset;
  slotIndex = -1;
  next: Deadline | null = null;
  previous: Deadline | null = null;
  readonly #deadlines: Deadlines;
  readonly #onExpired: () => void;

  constructor(deadlines: Deadlines, onExpired: () => void) {
    this.#deadlines = deadlines;
    this.#onExpired = onExpired;
  }

  get isSet(): boolean {
    return this.dueMs !== unset;
  }

  /** Due `delayMs` from now, replacing any earlier setting. */
  set(delayMs: number): void {
    // The base may be one tick old: the extra tick keeps the promise never to expire early.
    this.dueMs = this.#deadlines.baseMs() + delayMs + this.#deadlines.tickMs;
    this.#deadlines.schedule(this);
  }

  clear(): void {
    this.dueMs = unset;
  }

  /** For good: the owner is going away. */
  dispose(): void {
    this.dueMs = unset;
    this.#deadlines.unschedule(this);
  }

  /** For `Deadlines` only. */
  expire(): void {
    this.dueMs = unset;
    this.#onExpired();
  }
}
