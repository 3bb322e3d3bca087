/** The curve by which a new or recovered endpoint's weight grows. Who starts slowly, and when, is decided elsewhere. */

export interface SlowStartSettings {
  /** Time from the floor to the full weight. */
  readonly windowMs: number;
  /** Share of the full weight it begins with, 0 to 1. */
  readonly floor: number;
  /** Shape: 1 grows evenly, more grows faster at first. */
  readonly aggression: number;
}

/**
 * Share of the full weight after `elapsedMs` in service, 0 to 1. Envoy's curve:
 * max(floor, (elapsed ÷ window)^(1 ÷ aggression)).
 */
export function slowStartShare(elapsedMs: number, settings: SlowStartSettings): number {
  if (!(elapsedMs < settings.windowMs)) return 1;
  const elapsed = Math.max(0, elapsedMs) / settings.windowMs;
  return Math.min(1, Math.max(settings.floor, elapsed ** (1 / settings.aggression)));
}

/**
 * How long to wait before setting the weight again: until the curve is one step of 1/50 higher, so a
 * whole start takes about 50 changes however long the window is; null once the weight is full.
 */
export function slowStartWaitMs(elapsedMs: number, settings: SlowStartSettings): number | null {
  const share = slowStartShare(elapsedMs, settings);
  if (share >= 1) return null;
  const target = Math.min(1, share + 0.02);
  return Math.max(1, settings.windowMs * target ** settings.aggression - Math.max(0, elapsedMs));
}
