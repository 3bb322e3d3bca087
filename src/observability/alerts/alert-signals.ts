/** Turns readings of pools, certificates and workers into the signals that rules judge, over the last minute. */
import { percentileOf } from "../../core/histogram.ts";
import type { SignalReading } from "./alert-rule.ts";

/** Running totals of a pool and its endpoints as they are now. */
export interface PoolSignalReading {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  /** In the buckets of `core/histogram.ts`, wrapping at 2^32: to the end of the response. */
  readonly latencyCounts: Uint32Array;
  /** The same to its beginning. */
  readonly firstByteCounts: Uint32Array;
  readonly endpoints: number;
  readonly eligible: number;
  readonly ejected: number;
}

export interface SignalReadings {
  readonly pools: readonly PoolSignalReading[];
  readonly certificates: readonly { readonly name: string; readonly expiresWallMs: number }[];
  readonly workers: readonly { readonly worker: string; readonly loopUtilization: number }[];
  readonly isLastReloadApplied: boolean;
}

interface Moment {
  readonly nowMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly latencyCounts: Uint32Array;
  readonly firstByteCounts: Uint32Array;
}

const windowMs = 60_000;
const dayMs = 86_400_000;
/** Fewer requests than this in the window say nothing about a share or a percentile. */
const requestsMin = 20;

export class AlertSignals {
  /** Per pool, the readings of the last window, oldest first. */
  #moments = new Map<string, Moment[]>();

  /** Called at a steady pace, say every ten seconds; `nowMs` is monotonic. */
  read(nowMs: number, wallMs: number, readings: SignalReadings): readonly SignalReading[] {
    const before = this.#moments;
    this.#moments = new Map();
    const signals: SignalReading[] = [];
    for (const pool of readings.pools) {
      const moments = movedOn(before.get(pool.name) ?? [], pool, nowMs);
      this.#moments.set(pool.name, moments);
      signals.push(...poolSignals(pool, moments[0]!));
    }
    for (const { name, expiresWallMs } of readings.certificates) {
      signals.push({ signal: "certificate-days", subject: name, value: (expiresWallMs - wallMs) / dayMs });
    }
    for (const { worker, loopUtilization } of readings.workers) {
      signals.push({ signal: "loop-utilization", subject: worker, value: loopUtilization });
    }
    signals.push({ signal: "reload-rejected", subject: "", value: Number(!readings.isLastReloadApplied) });
    return signals;
  }
}

/** Adds this reading and drops those before the window, but for the one at its beginning. */
function movedOn(moments: readonly Moment[], pool: PoolSignalReading, nowMs: number): Moment[] {
  const { requests, errors } = pool;
  const isAnew = (moments.at(-1)?.requests ?? 0) > requests;
  const start = isAnew ? moments.length : moments.findLastIndex((moment) => moment.nowMs <= nowMs - windowMs);
  const latencyCounts = new Uint32Array(pool.latencyCounts);
  const firstByteCounts = new Uint32Array(pool.firstByteCounts);
  const now = { nowMs, requests, errors, latencyCounts, firstByteCounts };
  return [...moments.slice(Math.max(start, 0)), now];
}

function poolSignals(pool: PoolSignalReading, since: Moment): SignalReading[] {
  const requests = pool.requests - since.requests;
  const isEnough = requests >= requestsMin;
  const { name: subject, endpoints } = pool;
  return [
    { signal: "error-share", subject, value: isEnough ? (pool.errors - since.errors) / requests : null },
    {
      signal: "latency-p99-ms",
      subject,
      value: isEnough ? p99Since(since.latencyCounts, pool.latencyCounts) : null,
    },
    {
      signal: "first-byte-p99-ms",
      subject,
      value: isEnough ? p99Since(since.firstByteCounts, pool.firstByteCounts) : null,
    },
    { signal: "eligible-share", subject, value: endpoints === 0 ? null : pool.eligible / endpoints },
    { signal: "ejected-endpoints", subject, value: pool.ejected },
  ];
}

function p99Since(before: Uint32Array, now: Uint32Array): number | null {
  const grown = now.map((count, index) => count - before[index]!);
  return grown.some((count) => count > 0) ? percentileOf(grown, 0.99) : null;
}
