/**
 * Least expected load: peak-sensitive latency × (1 + requests in flight per weight), of two candidates
 * drawn by weight or of all. Source: Finagle's PeakEwma, whose load is latency × (requests in flight + 1);
 * the average itself, failures included, is kept with the endpoint.
 *
 * - Loads within a fifth of each other count as equal. Without that, the noise of a quiet pool makes
 *   shares as much as 60 % wrong; with it they follow the weights, and slow endpoints are avoided as well.
 * - An endpoint that has never answered costs nothing while it is idle, so that it is tried however fast
 *   the others are, and after that Linkerd's 30 ms, so that it is not stampeded before its first answer.
 */
import { unusable, type CostModel } from "./cost-model.ts";
import { LeastCostDraw } from "./least-cost-draw.ts";
import { LeastCostScan } from "./least-cost-scan.ts";
import { isFree, type Candidate, type Policy, type PolicyParts } from "./policy.ts";

export interface PeakEwmaOptions {
  /** How many candidates are drawn and compared; 0 compares all. Default 2. */
  readonly choices?: number;
  /** Latency assumed between an endpoint's first request and its first answer. Default 30 ms. */
  readonly unknownLatencyMs?: number;
}

export function peakEwma(options: PeakEwmaOptions, parts: Pick<PolicyParts, "random">): Policy {
  const choices = options.choices ?? 2;
  const load = new ExpectedLoad(options.unknownLatencyMs ?? 30);
  return choices > 0 ? new LeastCostDraw(load, choices, parts.random) : new LeastCostScan(load);
}

class ExpectedLoad implements CostModel {
  readonly closeness = 0.8;
  readonly #unknownMs: number;

  constructor(unknownMs: number) {
    this.#unknownMs = unknownMs;
  }

  of(candidate: Candidate, weight: number, meanWeight: number): number {
    const active = candidate.activeRequests;
    const latencyMs = candidate.peakLatencyMs ?? (active === 0 ? 0 : this.#unknownMs);
    return latencyMs * (1 + (active * meanWeight) / weight);
  }

  ofAll(
    eligible: readonly Candidate[],
    tried: readonly Candidate[],
    meanWeight: number,
    costs: Float64Array,
  ): void {
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      const { weight } = candidate;
      costs[i] = weight > 0 && isFree(candidate, tried) ? this.of(candidate, weight, meanWeight) : unusable;
    }
  }
}
