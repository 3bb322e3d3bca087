/** How a thread and the process are doing: the event loop's lateness and load, memory, processor time. */
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";

export interface LoopReading {
  /** 99th percentile of how late the event loop was since the last reading. */
  readonly delayMs: number;
  /** Share of time the event loop was busy since the last reading, 0 to 1. */
  readonly utilization: number;
  /** Memory in use by this thread's JavaScript heap. */
  readonly heapBytes: number;
}

/** How often lateness is looked at. A timer that wakes an idle thread more often costs more than it tells. */
const resolutionMs = 20;

/** Measures the thread that makes it. */
export class LoopMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #last = performance.eventLoopUtilization();

  constructor() {
    this.#delay.enable();
  }

  read(): LoopReading {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    // The timer's own interval is part of what is measured.
    const delayMs = Math.max(0, this.#delay.percentile(99) / 1e6 - resolutionMs);
    this.#delay.reset();
    return {
      delayMs: Number.isFinite(delayMs) ? delayMs : 0,
      utilization: Number.isFinite(utilization) ? utilization : 0,
      heapBytes: getHeapStatistics().used_heap_size,
    };
  }

  close(): void {
    this.#delay.disable();
  }
}

export interface ProcessUsage {
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** When the process started, Unix ms. */
  readonly startedWallMs: number;
}

export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startedWallMs: performance.timeOrigin,
  };
}
