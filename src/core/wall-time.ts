/**
 * The wall time of a moment of the monotonic clock, without reading a clock each time: how far the two are
 * apart is looked up once a second. A step of the wall clock is noticed within that second.
 */
import type { Clock } from "./clock.ts";

const ageMaxMs = 1000;

let knownClock: Clock | null = null;
let lookedMs = 0;
let apartMs = 0;

/** Milliseconds since the Unix epoch at `momentMs` of `clock.nowMs()`: now or earlier. */
export function wallTimeOf(clock: Clock, momentMs: number): number {
  if (clock !== knownClock || momentMs - lookedMs > ageMaxMs) {
    knownClock = clock;
    lookedMs = clock.nowMs();
    apartMs = clock.wallMs() - lookedMs;
  }
  return momentMs + apartMs;
}
