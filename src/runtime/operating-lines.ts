/** What a balancer says in its log about itself: what it began with, and what its sources found. */
import type { Change } from "../config/diff.ts";
import type { Log } from "../core/log.ts";
import type { SharedState } from "./shared-state.ts";
import type { BoundAddress } from "./snapshot.ts";

/** Endpoints named in one line; a registry may bring thousands. */
const namesMax = 20;

export function logStart(
  log: Log,
  shared: SharedState,
  addresses: readonly BoundAddress[],
  workers: number,
): void {
  for (const { pool, config } of shared.endpoints()) {
    const { name, url, weight } = config;
    log.debug("endpoint configured", { pool, endpoint: name, url, weight });
  }
  for (const { listener, address } of addresses) log.info("listening", { listener, address, workers });
}

/** One line for each pool whose source brought something new. */
export function logFound(log: Log, changes: readonly Change[]): void {
  const byPool = Map.groupBy(changes, ({ path }) => String(path[1]));
  for (const [pool, own] of byPool) {
    const named = (kind: Change["kind"]): string[] =>
      own
        .filter((change) => change.kind === kind && change.path.length === 4)
        .map(({ path }) => String(path[3]));
    const [added, removed] = [named("added"), named("removed")];
    log.info("found endpoints have changed", {
      pool,
      added: added.slice(0, namesMax),
      removed: removed.slice(0, namesMax),
      changes: own.length,
    });
  }
}
