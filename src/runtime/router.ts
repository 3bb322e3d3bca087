/** Lowers the configured routes to a Router over this data plane's pools. */
import type { Config } from "../config/schema.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Clock } from "../core/clock.ts";
import { evaluate, templateOf } from "../core/template.ts";
import { plainResponse } from "../proxy/local-response.ts";
import type { Router, RouteTarget } from "../proxy/proxy-context.ts";
import { FactsScope } from "../proxy/facts-scope.ts";
import { buildRouteTable } from "../routing/route-table.ts";
import type { RouteSpec } from "../routing/route-spec.ts";
import { keyTemplateOf } from "./policy-factory.ts";
import type { PoolRegistry } from "./pool-registry.ts";
import { readStats } from "./stats.ts";

export function buildRouter(config: Config, pools: PoolRegistry, clock: Clock): Router {
  const specs: RouteSpec<RouteTarget>[] = config.routes.map((route) => ({
    name: route.name,
    match: route.match,
    priority: route.priority,
    payload: targetOf(route, config, pools, clock),
  }));
  if (config.statsPath !== null) specs.push(statsRoute(config.statsPath, pools, clock));
  const table = buildRouteTable(specs);
  return {
    route(facts) {
      const match = table.match(facts);
      if (match === null || match === "unclear-path") return match;
      return match.route.payload;
    },
  };
}

function targetOf(route: RouteConfig, config: Config, pools: PoolRegistry, clock: Clock): RouteTarget {
  if (route.pool === null) {
    const { respond } = route;
    const status = respond?.status ?? 500;
    const body = respond?.body ?? "";
    return { kind: "respond", name: route.name, isUncounted: false, respond: () => plainResponse(status, body, "", clock) };
  }
  const pool = pools.pool(route.pool);
  const source = keyTemplateOf((config.pools[route.pool] as Config["pools"][string]).policy);
  const template = source === null ? null : templateOf(source, { stage: "route" });
  return {
    kind: "pool",
    name: route.name,
    pool,
    keyOf: (facts) => (template === null ? "" : evaluate(template, new FactsScope(facts, clock))),
  };
}

/** The balancer's own counters on the path the user chose; ahead of all other routes. */
function statsRoute(path: string, pools: PoolRegistry, clock: Clock): RouteSpec<RouteTarget> {
  return {
    name: "stats",
    match: { path: { exact: path }, method: ["GET", "HEAD"] },
    priority: 1_000_000,
    payload: {
      kind: "respond",
      name: "stats",
      isUncounted: true,
      respond() {
        const response = plainResponse(200, `${JSON.stringify(readStats(pools.statsSources()), null, 2)}\n`, "Cache-Control: no-store\r\n", clock);
        return { ...response, fieldLines: response.fieldLines.replace("text/plain; charset=utf-8", "application/json") };
      },
    },
  };
}
