/** Builds the route table of a configuration over this data plane's pools. */
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { plainResponse } from "../proxy/local-response.ts";
import type { Router } from "../proxy/proxy-context.ts";
import type { RoutePlan } from "../proxy/route-plan.ts";
import { buildRouteTable } from "../routing/route-table.ts";
import type { RouteSpec } from "../routing/route-spec.ts";
import type { HookPoints } from "./hook-points.ts";
import { redirectingToHttps } from "./https-redirect.ts";
import { localPlan } from "./local-plan.ts";
import type { PoolRegistry } from "./pool-registry.ts";
import { compileRoutePlan } from "./route-plans.ts";
import type { Snapshot } from "./snapshot.ts";
import { readStats } from "./stats.ts";

export interface RouterParts {
  readonly pools: PoolRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly workerIndex: number;
  readonly hooks: HookPoints;
}

export function buildRouter(snapshot: Snapshot, parts: RouterParts): Router {
  const { pools, clock } = parts;
  const { config } = snapshot;
  const specs: RouteSpec<RoutePlan>[] = config.routes.map((route) => {
    const { plan, needsCaptures } = compileRoutePlan(route, {
      ...parts,
      config,
      snapshot,
      pool: (name) => pools.pool(name),
      subset: (name, labels) => pools.subset(name, labels),
    });
    return { name: route.name, match: route.match, priority: route.priority, needsCaptures, payload: plan };
  });
  if (config.statsPath !== null) specs.push(statsRoute(config.statsPath, pools, clock));
  const table = buildRouteTable(specs);
  const router: Router = {
    route(scope) {
      const match = table.match(scope);
      if (match === null || match === "unclear-path") return match;
      scope.captures = match.captures;
      return match.route.payload;
    },
  };
  return redirectingToHttps(router, config, clock);
}

/** The balancer's own counters on the path the user chose; ahead of all other routes. */
function statsRoute(path: string, pools: PoolRegistry, clock: Clock): RouteSpec<RoutePlan> {
  return {
    name: "stats",
    match: { path: { exact: path }, method: ["GET", "HEAD"] },
    priority: 1_000_000,
    payload: {
      ...localPlan("stats", () => {
        const body = `${JSON.stringify(readStats(pools.statsSources()), null, 2)}\n`;
        return plainResponse(200, body, "Cache-Control: no-store\r\n", clock, "application/json");
      }),
      isUncounted: true,
    },
  };
}
