/** Explains what stands between a request and a busy pool: queue, adaptive limit, shedding. */
import type { PoolConfig } from "../config/schema-pool.ts";
import { seededRandom } from "../core/random.ts";
import { ConcurrencyLimit } from "../limits/concurrency-limit.ts";
import type { LimitMode } from "../limits/verdict.ts";
import { concurrencySettings } from "./overload.ts";
import type { SharedPool } from "./shared-state.ts";

export interface CapacityExplanation {
  /** Per worker. */
  readonly queue: {
    readonly mode: LimitMode;
    readonly size: number;
    readonly timeoutMs: number;
    /** Requests that wait now, over all workers. */
    readonly waiting: number;
  } | null;
  readonly concurrency: {
    readonly mode: LimitMode;
    readonly limit: number;
    readonly inFlight: number;
    readonly isMeasuring: boolean;
  } | null;
  /** Loads, 0 to 1, from which requests of low and normal importance are refused. */
  readonly shed: { readonly mode: LimitMode; readonly low: number; readonly normal: number } | null;
}

export function explainCapacity(
  { queue, concurrency, shed }: PoolConfig,
  shared: SharedPool | undefined,
): CapacityExplanation {
  const share = shared?.overload.concurrency ?? null;
  const limit =
    concurrency === null || share === null
      ? null
      : ConcurrencyLimit.attach(share, 0, concurrencySettings(concurrency), seededRandom(1));
  return {
    queue:
      queue === null
        ? null
        : {
            mode: queue.mode,
            size: queue.size,
            timeoutMs: queue.timeout,
            waiting: shared?.protections.waiting ?? 0,
          },
    concurrency:
      concurrency === null || limit === null
        ? null
        : {
            mode: concurrency.mode,
            limit: limit.limit,
            inFlight: limit.inFlight,
            isMeasuring: limit.isMeasuring,
          },
    shed: shed === null ? null : { mode: shed.mode, low: shed.low, normal: shed.normal },
  };
}
