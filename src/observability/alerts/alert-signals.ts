/** Turns readings of pools, certificates and workers into the signals that rules judge, over the last minute. */
import { percentileOf } from "../../core/histogram.ts";
import type { SignalReading } from "./alert-rule.ts";

/** Running totals of a pool and its endpoints as they are now. */
export interface PoolSignalReading {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  /** In the buckets of `core/histogram.ts`, wrapping at 2^32. */
  readonly latencyCounts: Uint32Array;
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
  const now = { nowMs, requests, errors, latencyCounts: new Uint32Array(pool.latencyCounts) };
  return [...moments.slice(Math.max(start, 0)), now];
}

function poolSignals(pool: PoolSignalReading, since: Moment): SignalReading[] {
  const requests = pool.requests - since.requests;
  const isEnough = requests >= requestsMin;
  const grown = pool.latencyCounts.map((count, index) => count - since.latencyCounts[index]!);
  const { name: subject, endpoints } = pool;
  return [
    { signal: "error-share", subject, value: isEnough ? (pool.errors - since.errors) / requests : null },
    { signal: "latency-p99-ms", subject, value: isEnough ? percentileOf(grown, 0.99) : null },
    { signal: "eligible-share", subject, value: endpoints === 0 ? null : pool.eligible / endpoints },
    { signal: "ejected-endpoints", subject, value: pool.ejected },
  ];
}
