/**
 * When a second attempt starts: a percentile of the pool's recent latency, taken from the endpoints'
 * histograms by difference and remembered for a while.
 */
import type { Clock } from "../core/clock.ts";
import { Histogram } from "../core/histogram.ts";
import type { Endpoint } from "../upstream/endpoint.ts";

export interface HedgeSettings {
  /** 0 to 1. */
  readonly percentile: number;
  readonly delayMinMs: number;
}

const refreshMs = 1000;
/** Fewer recent answers than this say nothing about a percentile. */
const samplesMin = 50;

/** Returns a function that tells the delay; null while too little is known. */
export function hedgeDelay(
  settings: HedgeSettings,
  endpoints: readonly Endpoint[],
  clock: Clock,
): () => number | null {
  let earlier = mergedLatency(endpoints);
  let refreshedMs = clock.nowMs();
  let delayMs: number | null = null;
  const recent = new Histogram();
  return () => {
    if (clock.nowMs() - refreshedMs < refreshMs) return delayMs;
    refreshedMs = clock.nowMs();
    const now = mergedLatency(endpoints);
    recent.setDifference(now, earlier);
    if (recent.count < samplesMin) return delayMs;
    earlier = now;
    const percentileMs = recent.percentile(settings.percentile);
    delayMs = percentileMs === null ? null : Math.max(settings.delayMinMs, percentileMs);
    return delayMs;
  };
}

function mergedLatency(endpoints: readonly Endpoint[]): Histogram {
  const merged = new Histogram();
  for (const { state } of endpoints) merged.merge(state.readLatency());
  return merged;
}
