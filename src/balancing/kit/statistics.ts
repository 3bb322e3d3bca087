/** Small sums over what the simulation recorded. */
import type { RequestRecord } from "./simulation.ts";

/** Part of the records that each endpoint served; all 0 when there are none. */
export function sharesOf(records: readonly RequestRecord[], endpoints: number): number[] {
  const counts = Array.from({ length: endpoints }, () => 0);
  for (const { endpoint } of records) counts[endpoint]!++;
  return counts.map((count) => count / Math.max(1, records.length));
}

/** How far the worst share is from its weight's, as a part of it: 0 is exact, 0.5 is half too many or few. */
export function shareErrorOf(shares: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Math.max(...shares.map((share, i) => Math.abs((share * total) / weights[i]! - 1)));
}

/** The latency that the given part of the records does not exceed; 0 when there are none. */
export function latencyQuantile(records: readonly RequestRecord[], part: number): number {
  const sorted = Float64Array.from(records, ({ latencyMs }) => latencyMs).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

/** The most requests in a row that passed an endpoint by, over all endpoints; ends of the record count. */
export function longestWait(records: readonly RequestRecord[], endpoints: number): number {
  const last = Array.from({ length: endpoints }, () => -1);
  let longest = 0;
  for (const [at, { endpoint }] of records.entries()) {
    longest = Math.max(longest, at - last[endpoint]! - 1);
    last[endpoint] = at;
  }
  return Math.max(longest, ...last.map((at) => records.length - at - 1));
}
