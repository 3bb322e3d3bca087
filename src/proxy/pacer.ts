/**
 * Holds one direction of one exchange to a pace: counts what passed, and says to pause for as long as
 * that was too much; or only notes that it would have. It pauses and resumes nothing itself.
 */
import type { Clock } from "../core/clock.ts";
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import { TokenBucket } from "../limits/token-bucket.ts";
import type { PaceWatch } from "./route-plan.ts";

/** What passes at once: a quarter of a second's worth, which also makes up for late timers. */
const burstShare = 0.25;
const burstBytesMin = 16 * 1024;

export interface PacerContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** Null where there is no limit. */
export function pacerFor(
  bytesPerSecond: number,
  watch: PaceWatch,
  { clock, deadlines }: PacerContext,
  onDue: () => void,
): Pacer | null {
  return bytesPerSecond < Number.POSITIVE_INFINITY
    ? new Pacer(bytesPerSecond, watch, clock, deadlines, onDue)
    : null;
}

export class Pacer {
  /** Nothing more should pass until `onDue`. */
  isHolding = false;
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  readonly #deadline: Deadline;
  readonly #watch: PaceWatch;
  #wasAhead = false;

  constructor(
    bytesPerSecond: number,
    watch: PaceWatch,
    clock: Clock,
    deadlines: Deadlines,
    onDue: () => void,
  ) {
    const burstBytes = Math.max(burstBytesMin, bytesPerSecond * burstShare);
    this.#bucket = new TokenBucket(bytesPerSecond, burstBytes, clock.nowMs());
    this.#watch = watch;
    this.#clock = clock;
    this.#deadline = new Deadline(deadlines, () => {
      this.isHolding = false;
      onDue();
    });
  }

  /** Returns true when the direction is to be paused now. */
  passed(bytes: number): boolean {
    const pauseMs = this.#bucket.take(bytes, this.#clock.nowMs());
    if (pauseMs <= 0) return false;
    if (!this.#wasAhead) this.#watch.onHeldBack();
    this.#wasAhead = true;
    if (this.#watch.isObserving) return false;
    this.isHolding = true;
    this.#deadline.set(pauseMs);
    return true;
  }

  dispose(): void {
    this.isHolding = false;
    this.#deadline.dispose();
  }
}
