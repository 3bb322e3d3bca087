/** The Clock over Node's own time. */
import type { Clock } from "../core/clock.ts";

/** Node cannot wait longer; `setTimeout` would fire at once. */
const delayMaxMs = 2 ** 31 - 1;

/** Threads start at different times; the origin makes their readings comparable. */
const originMs = performance.timeOrigin;

export const systemClock: Clock = {
  nowMs: () => originMs + performance.now(),
  wallMs: () => Date.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), delayMaxMs)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
