/**
 * What every protective feature did, or in observe mode would have done, in one list: for `stats()`, the
 * admin API and whoever wonders whether to lift `mode: observe`.
 */
import type { Config } from "../config/schema.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import { ProtectionCounts, type Protection } from "../limits/protection-counts.ts";
import { VerdictCounts, type LimitMode } from "../limits/verdict.ts";
import { isPaced, watchesBodies } from "./protected-routes.ts";
import type { RoutePlanParts } from "./route-plan-parts.ts";
import type { SharedPool, SharedState } from "./shared-state.ts";

export interface ProtectionStats {
  /** Whose it is: `pool app`, `route api`, `rate limit per-client`, `listener :8080`. */
  readonly scope: string;
  /** The same in two parts. */
  readonly kind: "pool" | "route" | "rate limit" | "listener";
  readonly name: string;
  readonly feature: Protection | "concurrency" | "shed" | "rate-limit" | "connections-per-client";
  readonly mode: LimitMode;
  /** How often it acted: refused, queued, ejected, retried less … */
  readonly enforced: number;
  /** How often it would have acted, had it not been in observe mode. */
  readonly observed: number;
}

type Owner = Pick<ProtectionStats, "scope" | "kind" | "name">;

function owner(kind: Owner["kind"], name: string): Owner {
  return { scope: `${kind} ${name}`, kind, name };
}

/** A route's counters as this worker writes them. */
export function routeProtections(route: string, parts: RoutePlanParts): ProtectionCounts {
  const buffer = parts.snapshot.routes[route];
  return buffer === undefined
    ? ProtectionCounts.create(1)
    : ProtectionCounts.attach(buffer, parts.workerIndex);
}

/** Of everything that the configuration turns on, in its order. */
export function readProtections(shared: SharedState, config: Config): readonly ProtectionStats[] {
  const result: ProtectionStats[] = [];
  for (const [name, pool] of shared.pools) {
    const poolConfig = config.pools[name];
    if (poolConfig !== undefined) result.push(...ofPool(owner("pool", name), poolConfig, pool));
  }
  for (const route of config.routes) {
    const counts = shared.routes.get(route.name);
    if (counts !== undefined) result.push(...ofRoute(route, counts));
  }
  for (const [name, { share }] of shared.rateLimits) {
    const mode = config.rateLimits[name]?.mode ?? "enforce";
    result.push(ofVerdicts(owner("rate limit", name), "rate-limit", mode, share.counts));
  }
  for (const [name, { share }] of shared.clientLimits) {
    const limits = config.listeners.find((listener) => listener.name === name)?.limits;
    const mode = limits?.connectionsPerClientMode ?? "enforce";
    result.push(ofVerdicts(owner("listener", name), "connections-per-client", mode, share.counts));
  }
  return result;
}

function ofPool(whose: Owner, config: PoolConfig, pool: SharedPool): ProtectionStats[] {
  const modes: readonly (readonly [Protection, LimitMode | undefined])[] = [
    ["queue", config.queue?.mode],
    ["hedge", config.hedge?.mode],
    ["health", config.health?.mode],
    ["outlier", config.outlier?.mode],
    ["max-fails", config.maxFails?.mode],
    ["slow-start", config.slowStart?.mode],
    ["panic", config.panic.threshold > 0 ? config.panic.mode : undefined],
    ["zones", config.zones.preferLocal ? config.zones.mode : undefined],
    ["retry-budget", config.retry.budget.mode],
  ];
  const result = modes.flatMap(([feature, mode]) =>
    mode === undefined ? [] : [{ ...whose, feature, mode, ...pool.protections.read(feature) }],
  );
  const { overload } = pool;
  return [
    ...result,
    ...(config.concurrency === null || overload.concurrency === null
      ? []
      : [ofVerdicts(whose, "concurrency", config.concurrency.mode, overload.concurrency.counts)]),
    ...(config.shed === null || overload.shedCounts === null
      ? []
      : [ofVerdicts(whose, "shed", config.shed.mode, overload.shedCounts)]),
  ];
}

function ofRoute(
  { name, access, faults, mirror, limits }: RouteConfig,
  counts: ProtectionCounts,
): ProtectionStats[] {
  const whose = owner("route", name);
  const result: ProtectionStats[] = [];
  if (access !== null)
    result.push({ ...whose, feature: "access", mode: access.mode, ...counts.read("access") });
  if (watchesBodies(limits))
    result.push({ ...whose, feature: "body-limit", mode: limits.bodyMode, ...counts.read("body-limit") });
  if (isPaced(limits))
    result.push({ ...whose, feature: "bandwidth", mode: limits.bandwidthMode, ...counts.read("bandwidth") });
  if (faults !== null)
    result.push({ ...whose, feature: "faults", mode: faults.mode, ...counts.read("faults") });
  if (mirror !== null) {
    for (const feature of ["mirror", "mirror-drop"] as const)
      result.push({ ...whose, feature, mode: "enforce", ...counts.read(feature) });
  }
  return result;
}

function ofVerdicts(
  whose: Owner,
  feature: ProtectionStats["feature"],
  mode: LimitMode,
  buffer: SharedArrayBuffer,
): ProtectionStats {
  const { delayed, rejected } = VerdictCounts.attach(buffer, 0).read();
  const acted = delayed + rejected;
  return {
    ...whose,
    feature,
    mode,
    enforced: mode === "enforce" ? acted : 0,
    observed: mode === "observe" ? acted : 0,
  };
}
