/** The state of the whole program as the API shows it. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { AdminContext } from "../operation.ts";
import { isoTime, reloadRecordDocument } from "./changes.ts";
import { certificateListDocument } from "./certificates.ts";
import { drainDocument, poolDocuments } from "./endpoints.ts";

type Status = AdminDocument<"Status">;

export function statusDocument(context: AdminContext): Status {
  const { balancer, reloader, clock } = context;
  const { totals } = balancer.stats();
  return {
    version: context.version,
    pid: context.pid,
    phase: context.notReadyReason() === null ? "serving" : "stopping",
    started: isoTime(context.startedWallMs),
    uptimeMs: Math.max(0, clock.wallMs() - context.startedWallMs),
    workers: balancer.workerCount,
    workersServing: balancer.workersServing,
    revision: balancer.changes.revisions.current?.number ?? 0,
    source: reloader?.sourceName ?? null,
    isWatched: context.isWatched,
    lastReload: reloader === null || reloader.last === null ? null : reloadRecordDocument(reloader.last),
    reloads: reloader === null ? { applied: 0, unchanged: 0, refused: 0 } : { ...reloader.counts },
    driftCount: reloader === null ? 0 : reloader.drift().changes.length,
    listeners: listenerDocuments(context),
    pools: poolDocuments(context).map(({ endpoints: _endpoints, ...pool }) => pool),
    totals: {
      activeRequests: totals.activeRequests,
      requests: totals.requests,
      failures: totals.failures,
      retries: totals.retries,
      bytesIn: totals.bytesIn,
      bytesOut: totals.bytesOut,
    },
    drains: balancer.drains.all.filter(({ outcome }) => outcome === "under-way").map(drainDocument),
    certificates: certificateListDocument(balancer),
  };
}

export function listenerDocuments({ balancer }: AdminContext): Status["listeners"] {
  return balancer.config.listeners.map(({ name, address, limits }) => {
    const bound = balancer.addresses.find(({ listener }) => listener === name);
    const totals = balancer.shared.listeners.get(name)?.read();
    return {
      name,
      address: bound?.address ?? address,
      connections: Math.max(0, totals?.connections ?? 0),
      connectionsMax: limits.connections === Number.POSITIVE_INFINITY ? null : limits.connections,
      accepted: totals?.accepted ?? 0,
      refusedConnections: totals?.refusedConnections ?? 0,
      refusedHeads: totals?.refusedHeads ?? 0,
    };
  });
}
