/**
 * Who stands out among peers in one interval. Pure arithmetic: what happens to those found is the
 * detector's decision. Rules after Envoy's outlier detection (SEMANTICS §6), latency excepted.
 */

/** One endpoint's interval. */
export interface Interval<S> {
  readonly subject: S;
  readonly successes: number;
  readonly failures: number;
  /** Mean of the successes; null without any. */
  readonly meanLatencyMs: number | null;
}

export interface Outlier<S> {
  readonly subject: S;
  /** For people: `success rate 40.0%, peers 98.1%`. */
  readonly detail: string;
}

/** Who is judged at all: with less than this there is no comparing. */
export interface Quorum {
  readonly endpointsMin: number;
  readonly requestsMin: number;
}

/** Success rate below the mean of all judged by more than `deviations` standard deviations (of the population). */
export function successRateOutliers<S>(
  intervals: readonly Interval<S>[],
  rule: Quorum & { readonly deviations: number },
): Outlier<S>[] {
  const judged = withQuorum(intervals, rule);
  if (judged.length === 0) return [];
  const rates = judged.map((interval) => interval.successes / (interval.successes + interval.failures));
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  const threshold = mean - rule.deviations * Math.sqrt(variance);
  return judged.flatMap(({ subject }, index) => {
    const rate = rates[index] ?? 1;
    // Rounding must not make an outlier of one among equals.
    if (rate >= threshold - 1e-9) return [];
    return [{ subject, detail: `success rate ${percent(rate)}, mean of the peers ${percent(mean)}` }];
  });
}

/** At least `threshold` (0 to 1) of an endpoint's requests failed. */
export function failureShareOutliers<S>(
  intervals: readonly Interval<S>[],
  rule: Quorum & { readonly threshold: number },
): Outlier<S>[] {
  return withQuorum(intervals, rule).flatMap(({ subject, successes, failures }) => {
    const share = failures / (successes + failures);
    return share >= rule.threshold ? [{ subject, detail: `${percent(share)} of its requests failed` }] : [];
  });
}

/** Mean latency at least `factor` times the median of the *other* endpoints judged. */
export function latencyOutliers<S>(
  intervals: readonly Interval<S>[],
  rule: Quorum & { readonly factor: number },
): Outlier<S>[] {
  const judged = withQuorum(intervals, rule);
  return judged.flatMap((interval) => {
    const own = interval.meanLatencyMs;
    if (own === null) return [];
    const others = judged.flatMap((peer) =>
      peer === interval || peer.meanLatencyMs === null ? [] : [peer.meanLatencyMs],
    );
    if (others.length === 0) return [];
    // Below a millisecond, measuring is noise.
    const usual = Math.max(median(others), 1);
    if (own < usual * rule.factor) return [];
    return [
      {
        subject: interval.subject,
        detail: `latency ${own.toFixed(1)} ms, median of the peers ${usual.toFixed(1)} ms`,
      },
    ];
  });
}

function withQuorum<S>(
  intervals: readonly Interval<S>[],
  { endpointsMin, requestsMin }: Quorum,
): readonly Interval<S>[] {
  const busy = intervals.filter(({ successes, failures }) => successes + failures >= requestsMin);
  return busy.length >= endpointsMin ? busy : [];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
