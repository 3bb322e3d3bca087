/** Endpoints, pools and drains as the API shows them, read from the live state. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { DrainProgress } from "../../runtime/drain-progress.ts";
import { UnknownNameError } from "../../runtime/endpoint-edits.ts";
import type { OperatedLoadBalancer } from "../../runtime/load-balancer-interface.ts";
import type { SharedEndpoint } from "../../runtime/shared-state.ts";
import { type EndpointStats, readStats } from "../../runtime/stats.ts";
import type { AdminContext } from "../operation.ts";
import { isoTime } from "./changes.ts";
import { originOf, sourceDocument } from "./sources.ts";

type EndpointDocument = AdminDocument<"Endpoint">;
type PoolDocument = AdminDocument<"Pool">;

export function poolDocuments(context: AdminContext): PoolDocument[] {
  return [...context.balancer.shared.pools.keys()].map((name) => poolDocument(context, name));
}

/** Throws an UnknownNameError. */
export function poolDocument(context: AdminContext, name: string): PoolDocument {
  const { balancer } = context;
  const pool = balancer.shared.pools.get(name);
  const config = balancer.config.pools[name];
  if (pool === undefined || config === undefined) throw new UnknownNameError(`no pool is called ${name}`);
  const endpoints = pool.endpoints.map((endpoint) => endpointDocumentOf(context, endpoint));
  return {
    name,
    policy: config.policy.name,
    hasProbes: config.health !== null,
    source: sourceDocument(context, name),
    endpointCount: endpoints.length,
    eligibleCount: endpoints.filter(({ isEligible }) => isEligible).length,
    endpoints,
  };
}

/** Throws an UnknownNameError. */
export function endpointDocument(context: AdminContext, pool: string, name: string): EndpointDocument {
  const { balancer } = context;
  if (!balancer.shared.pools.has(pool)) throw new UnknownNameError(`no pool is called ${pool}`);
  const endpoint = balancer.shared.find(pool, name);
  if (endpoint === undefined) throw new UnknownNameError(`pool ${pool} has no endpoint ${name}`);
  return endpointDocumentOf(context, endpoint);
}

function endpointDocumentOf(context: AdminContext, endpoint: SharedEndpoint): EndpointDocument {
  const { balancer } = context;
  const { config, state, pool } = endpoint;
  const progress = balancer.drains.of(pool, config.name);
  const {
    activeRequests,
    tunnels,
    connections,
    requests,
    responses,
    failures,
    retries,
    bytesIn,
    bytesOut,
    latencyMs,
    ...stats
  } = statsOf(endpoint);
  return {
    pool,
    name: config.name,
    url: config.url,
    origin: originOf(context, pool, config),
    state: stats.state,
    setTo: config.state,
    isEligible: state.isEligible && state.weight > 0,
    health: healthOf(balancer, endpoint.key),
    weight: state.weight,
    configuredWeight: config.weight,
    isBackup: config.backup || config.priority > 0,
    zone: config.zone,
    labels: { ...config.labels },
    activeRequests,
    tunnels,
    connections,
    requests,
    responses,
    failures,
    retries,
    bytesIn,
    bytesOut,
    latencyMs,
    drain: progress === null ? null : drainDocument(progress),
  };
}

function statsOf({ config, state, pool }: SharedEndpoint): EndpointStats {
  const source = { name: config.name, url: config.url, isBackup: false, state };
  return readStats([{ name: pool, endpoints: [source] }]).pools[0]?.endpoints[0] as EndpointStats;
}

function healthOf(balancer: OperatedLoadBalancer, key: string): EndpointDocument["health"] {
  const health = balancer.health.healthOf(key);
  if (health === null) return null;
  const { lastResult } = health;
  return {
    state: health.state.kind,
    reason: health.reason,
    since: isoTime(health.sinceWallMs),
    lastProbe:
      lastResult === null
        ? null
        : { isOk: lastResult.isOk, detail: lastResult.detail, latencyMs: lastResult.latencyMs },
  };
}

export function drainDocument(progress: DrainProgress): AdminDocument<"Drain"> {
  const { startedWallMs, deadlineWallMs, ...rest } = progress;
  return {
    ...rest,
    started: isoTime(startedWallMs),
    deadline: deadlineWallMs === null ? null : isoTime(deadlineWallMs),
  };
}
