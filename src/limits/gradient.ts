/** The arithmetic of the adaptive concurrency limit: from latencies to the next limit. Pure. */

export interface GradientSettings {
  readonly min: number;
  readonly max: number;
  /** Rise of the latency over the baseline that still counts as healthy; Envoy's 0.25. */
  readonly tolerance: number;
}

/** How fast the limit may fall or rise in one step. */
const gradientMin = 0.5;
const gradientMax = 2;

/**
 * Envoy's gradient controller: limit × gradient + √(limit × gradient), where the gradient is the
 * tolerated latency over the measured one. The root is the head-room by which it probes upwards: at
 * the baseline's latency it grows, and where latency rises with the limit it settles.
 */
export function nextLimit(
  limit: number,
  baselineMs: number,
  sampleMs: number,
  settings: GradientSettings,
): number {
  const tolerated = baselineMs * (1 + settings.tolerance);
  const gradient = clamp(sampleMs > 0 ? tolerated / sampleMs : gradientMax, gradientMin, gradientMax);
  const moved = limit * gradient;
  return clamp(moved + Math.sqrt(moved), settings.min, settings.max);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
