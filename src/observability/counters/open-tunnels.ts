/** How many tunnels (WebSockets and the like) are under way, out of an endpoint's counters. */
export function openTunnels({
  tunnels,
  tunnelsEnded,
}: {
  readonly tunnels: number;
  readonly tunnelsEnded: number;
}): number {
  // A running worker may have written one of them and not yet the other.
  return Math.max(0, tunnels - tunnelsEnded);
}
