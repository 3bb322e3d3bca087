/**
 * What protects a pool from more than it can do: the adaptive limit on concurrency, and shedding of the
 * least important requests as the pool fills up.
 */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { ConcurrencyLimit, type ConcurrencySettings } from "../limits/concurrency-limit.ts";
import { LoadShedder } from "../limits/load-shedding.ts";
import { VerdictCounts } from "../limits/verdict.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Overload } from "../upstream/pool.ts";
import type { OverloadShare, PoolSnapshot } from "./snapshot.ts";

export interface OverloadParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly workerIndex: number;
}

/** Shared memory for a pool's protections; made by the control plane. */
export function createOverloadShare(
  pool: PoolConfig,
  workerCount: number,
  random: Random,
  nowMs: number,
): OverloadShare {
  const { concurrency, shed } = pool;
  return {
    concurrency:
      concurrency === null
        ? null
        : ConcurrencyLimit.create(concurrencySettings(concurrency), workerCount, random, nowMs).share,
    shedCounts: shed === null ? null : VerdictCounts.create(workerCount).buffer,
  };
}

/** After a worker died: what it had in flight is given back. */
export function releaseOverload({ concurrency }: OverloadShare, workerIndex: number): void {
  if (concurrency !== null) ConcurrencyLimit.releaseWorker(concurrency, workerIndex);
}

/** Null for a pool without protections. */
export function createOverload(
  config: PoolConfig,
  shared: PoolSnapshot,
  endpoints: readonly Endpoint[],
  parts: OverloadParts,
): Overload | null {
  const limit = attachLimit(config, shared.overload, parts);
  const shedder = attachShedder(config, shared.overload, parts);
  if (limit === null && shedder === null) return null;
  const { clock } = parts;
  return {
    admit(importance) {
      if (shedder !== null) {
        const [inUse, places] = limit === null ? placesOf(endpoints) : [limit.inFlight, limit.effectiveLimit];
        const verdict = shedder.judge(importance, inUse, places);
        if (verdict.mustReject)
          return { cause: "shed", retryAfterSeconds: Math.ceil(verdict.retryAfterMs / 1000) };
      }
      if (limit !== null && !limit.tryStart(importance === "high"))
        return { cause: "concurrency-limit", retryAfterSeconds: 1 };
      return null;
    },
    finished(startedMs, isSample) {
      limit?.finished(startedMs, clock.nowMs(), isSample);
    },
  };
}

function attachLimit(
  { concurrency }: PoolConfig,
  share: OverloadShare,
  parts: OverloadParts,
): ConcurrencyLimit | null {
  if (concurrency === null || share.concurrency === null) return null;
  return ConcurrencyLimit.attach(
    share.concurrency,
    parts.workerIndex,
    concurrencySettings(concurrency),
    parts.random,
  );
}

function attachShedder({ shed }: PoolConfig, share: OverloadShare, parts: OverloadParts): LoadShedder | null {
  if (shed === null || share.shedCounts === null) return null;
  const counts = VerdictCounts.attach(share.shedCounts, parts.workerIndex);
  const { low, normal, aggression, retryAfter, mode } = shed;
  return new LoadShedder(
    { lowFrom: low, normalFrom: normal, aggression, retryAfterMs: retryAfter, mode },
    parts.random,
    counts,
  );
}

/** Requests in flight and the most there may be: without limits on the endpoints a pool is never full. */
function placesOf(endpoints: readonly Endpoint[]): [inUse: number, places: number] {
  let inUse = 0;
  let places = 0;
  for (const { state } of endpoints) {
    if (!state.isEligible) continue;
    inUse += state.activeRequests;
    places += state.requestsMax === 0 ? Number.POSITIVE_INFINITY : state.requestsMax;
  }
  return [inUse, places];
}

export function concurrencySettings(config: NonNullable<PoolConfig["concurrency"]>): ConcurrencySettings {
  const { interval, baselineInterval, ...rest } = config;
  return { ...rest, intervalMs: interval, baselineIntervalMs: baselineInterval };
}
