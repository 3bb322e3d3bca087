/** How traffic divides over tiers of priority and over zones. Pure arithmetic; who is healthy is decided elsewhere. */

/**
 * Shares (summing to 1, or all 0 when nobody is left) per tier, first tier first, given the share of
 * each tier's weight that is eligible (0 to 1). Envoy's rule: a tier bears `overprovisioning` times its
 * eligible share, at most everything; what it cannot bear falls to the next; if all together cannot
 * bear the traffic, it is divided in proportion.
 */
export function spillShares(eligibleShares: readonly number[], overprovisioning: number): number[] {
  const healths = eligibleShares.map((share) => healthOf(share, overprovisioning));
  const total = Math.min(1, sum(healths));
  let left = total > 0 ? 1 : 0;
  return healths.map((health) => {
    if (health === 0 || left === 0) return 0;
    const share = Math.min(left, health / total);
    const rest = left - share;
    // What rounding leaves over goes to this tier, never to a dead one behind it.
    left = rest < 1e-9 ? 0 : rest;
    return left === 0 ? share + rest : share;
  });
}

/** All traffic to the first tier that has anybody (nginx's and HAProxy's backups). */
export function firstTierShares(eligibleShares: readonly number[]): number[] {
  const first = eligibleShares.findIndex((share) => share > 0);
  return eligibleShares.map((_, tier) => (tier === first ? 1 : 0));
}

/** Can the tiers together bear all traffic? Where they can, there is no reason to panic. */
export function isEnough(eligibleShares: readonly number[], overprovisioning: number): boolean {
  return sum(eligibleShares.map((share) => healthOf(share, overprovisioning))) >= 1;
}

/**
 * The share of a tier's traffic that stays in our own zone. Each zone is taken to bring an equal part
 * of the traffic; a zone that holds at least its part of the eligible weight keeps everything, a
 * poorer one keeps what it can bear and the rest spills over (Envoy's zone-aware routing).
 */
export function localZoneShare(localWeight: number, otherWeight: number, zoneCount: number): number {
  const total = localWeight + otherWeight;
  return total > 0 ? Math.min(1, (localWeight / total) * zoneCount) : 0;
}

function healthOf(eligibleShare: number, overprovisioning: number): number {
  return eligibleShare > 0 ? Math.min(1, eligibleShare * overprovisioning) : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
