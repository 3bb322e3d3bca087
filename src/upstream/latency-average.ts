/**
 * Two moving averages of one endpoint's latency, and the share of its requests that failed, as four
 * doubles that may lie in shared memory. Both averages are failure-aware: a failure never lowers them,
 * however fast it was, and runs of failures raise them.
 *
 * Written without locks by every worker. A lost update costs one sample. A value that makes no sense
 * (possible only where 64-bit stores can tear) reads as unknown and is replaced by the next sample.
 */

const peak = 0;
const mean = 1;
const failureShare = 2;
const stamp = 3;

/** Doubles one average needs. */
export const latencyAverageSlots = 4;

/** τ of the peak average and of forgetting failures (Finagle's and Linkerd's default). */
export const decayTimeMs = 10_000;

/** Weight of a new sample in the plain average (nginx least_time) and in the failure share. */
const step = 0.05;

/** What an endpoint costs while only failures are known of it (Linkerd's default RTT). */
export const unknownLatencyMs = 30;

/**
 * What an endpoint that fails every request costs on top of its latency. It is weighed by the square
 * of the failure share, so that a single failure adds 12.5 ms, ten in a row 0.8 s, and a steady 1 %
 * of failures next to nothing. Our own rule; no source.
 */
export const failureCostMs = 5_000;

/** Longest latency believed; longer ones count as this. */
const latencyMaxMs = 3_600_000;

export class LatencyAverage {
  readonly #slots: Float64Array;

  /** `slots`: `latencyAverageSlots` doubles, all zero for a new endpoint (zero latency means unknown). */
  constructor(slots: Float64Array = new Float64Array(latencyAverageSlots)) {
    this.#slots = slots;
  }

  /**
   * Takes in one finished request. `nowMs` must come from one clock shared by all writers.
   * Peak average: Finagle's PeakEwma, jump to a higher sample, else blend with w = e^(−Δt/τ).
   */
  observe(latencyMs: number, isFailure: boolean, nowMs: number): void {
    const slots = this.#slots;
    const sample = latencyMs >= 1e-6 ? Math.min(latencyMs, latencyMaxMs) : 1e-6;
    const oldPeak = sane(slots[peak]!);
    const oldShare = sane(slots[failureShare]!);
    const keep = keepSince(slots[stamp]!, nowMs);
    slots[stamp] = nowMs;
    if (isFailure) {
      slots[failureShare] = Math.min(1, oldShare * keep * (1 - step) + step);
      if (oldPeak > 0 && sample > oldPeak) slots[peak] = sample;
      return;
    }
    if (oldShare > 0) slots[failureShare] = oldShare < 1e-6 ? 0 : oldShare * keep * (1 - step);
    slots[peak] = sample >= oldPeak ? sample : sample + (oldPeak - sample) * keep;
    const oldMean = sane(slots[mean]!);
    slots[mean] = oldMean === 0 ? sample : oldMean + (sample - oldMean) * step;
  }

  /** Peak average in ms, decayed to now, plus the cost of failures; null before the first request. */
  peakMs(nowMs: number): number | null {
    const known = sane(this.#slots[peak]!);
    const share = sane(this.#slots[failureShare]!);
    const keep = keepSince(this.#slots[stamp]!, nowMs);
    if (share === 0) return known === 0 ? null : known * keep;
    return withFailures(known * keep, known, share * keep);
  }

  /** Plain average in ms plus the cost of failures (which is forgotten with time); null before the first request. */
  meanMs(nowMs: number): number | null {
    const known = sane(this.#slots[mean]!);
    const share = sane(this.#slots[failureShare]!);
    if (share === 0) return known === 0 ? null : known;
    return withFailures(known, known, share * keepSince(this.#slots[stamp]!, nowMs));
  }

  /** Recent share of failed requests, 0 to 1, forgotten with τ = 10 s. */
  failureShare(nowMs: number): number {
    return this.#failures(keepSince(this.#slots[stamp]!, nowMs));
  }

  /** Forgets everything, as after a replaced endpoint. */
  reset(): void {
    this.#slots.fill(0);
  }

  #failures(keep: number): number {
    return sane(this.#slots[failureShare]!) * keep;
  }
}

function withFailures(latencyMs: number, known: number, share: number): number | null {
  if (known === 0 && share === 0) return null;
  return (known === 0 ? unknownLatencyMs : latencyMs) + share * share * failureCostMs;
}

/** e^(−Δt/τ); a clock that seems to run backwards keeps everything. */
function keepSince(stampMs: number, nowMs: number): number {
  const x = (nowMs - stampMs) / decayTimeMs;
  // Under load Δt is far below 2.5 s, and so many terms of the series (error below 4e-7) cost less than Math.exp.
  if (x < 0.25) return x > 0 ? 1 - x * (1 - x * (0.5 - x * (1 / 6 - x * (1 / 24 - x / 120)))) : 1;
  return x >= 0.25 ? Math.exp(-x) : 1;
}

function sane(value: number): number {
  return value > 0 && value <= latencyMaxMs ? value : 0;
}
