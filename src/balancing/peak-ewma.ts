/**
 * Least expected load: peak-sensitive latency × (requests in flight + 1) / weight, of two candidates
 * drawn by weight or of all. Sources: Finagle's PeakEwma; the latency assumed of an endpoint that has not
 * answered yet is Linkerd's. The average itself is kept with the endpoint (`peak-ewma-average.ts`).
 */
import { LeastCostDraw } from "./least-cost-draw.ts";
import { LeastCostScan, unusable, type CostModel } from "./least-cost-scan.ts";
import { isUsable, type Candidate, type Policy, type PolicyParts } from "./policy.ts";

export interface PeakEwmaOptions {
  /** How many candidates are drawn and compared; 0 compares all. Default 2. */
  readonly choices?: number;
  /** Latency assumed before the first answer. Default 30 ms. */
  readonly unknownLatencyMs?: number;
}

export function peakEwma(options: PeakEwmaOptions, parts: Pick<PolicyParts, "random">): Policy {
  const choices = options.choices ?? 2;
  const load = new ExpectedLoad(options.unknownLatencyMs ?? 30);
  return choices > 0 ? new LeastCostDraw(load, choices, parts.random) : new LeastCostScan(load);
}

class ExpectedLoad implements CostModel {
  readonly #unknownMs: number;

  constructor(unknownMs: number) {
    this.#unknownMs = unknownMs;
  }

  of(candidate: Candidate): number {
    const latencyMs = candidate.peakLatencyMs ?? this.#unknownMs;
    return (latencyMs * (candidate.activeRequests + 1)) / candidate.weight;
  }

  ofAll(eligible: readonly Candidate[], tried: readonly Candidate[], costs: Float64Array): void {
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      costs[i] = isUsable(candidate, tried) ? this.of(candidate) : unusable;
    }
  }
}
