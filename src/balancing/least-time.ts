/**
 * Shortest expected time: mean latency × (1 + requests in flight per weight), over all candidates.
 * Source: nginx's least_time, with its steps of 20 ms (close latencies count as equal and take turns by
 * weight) and its ceiling of 5 s (beyond it only requests in flight count). Two things differ:
 *
 * - nginx divides the whole by the weight, so that an idle pool serves nobody but the heaviest. Here the
 *   weight stands for how many requests at a time an endpoint bears, which is the same under load.
 * - nginx takes an endpoint without a sample for the fastest of all. Here it gets one request, and counts
 *   as the slowest until that is answered: a cold endpoint is tried at once and never stampeded.
 */
import { unusable, type CostModel } from "./cost-model.ts";
import { LeastCostScan } from "./least-cost-scan.ts";
import { isFree, type Candidate, type Policy } from "./policy.ts";

const stepMs = 20;
const ceilingMs = 5_000;

export function leastTime(): Policy {
  return new LeastCostScan(expectedTime);
}

const expectedTime: CostModel = {
  closeness: 1,
  of: cost,
  ofAll(eligible, tried, meanWeight, costs) {
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      const { weight } = candidate;
      costs[i] = weight > 0 && isFree(candidate, tried) ? cost(candidate, weight, meanWeight) : unusable;
    }
  },
};

function cost(candidate: Candidate, weight: number, meanWeight: number): number {
  const active = candidate.activeRequests;
  return steppedMs(candidate.meanLatencyMs, active) * (1 + (active * meanWeight) / weight);
}

/** 0 to below 20 ms count as 20, 20 to below 40 as 40, and so on. */
function steppedMs(latencyMs: number | null, active: number): number {
  if (latencyMs === null) return active === 0 ? stepMs : ceilingMs;
  return latencyMs > ceilingMs ? ceilingMs : (Math.floor(latencyMs / stepMs) + 1) * stepMs;
}
