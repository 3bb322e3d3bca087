/** The route table of a configuration without anything behind it: for `check`, `explain` and listings. */
import type { Config } from "../config/schema.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import { buildRouteTable, type RouteTable } from "../routing/route-table.ts";

/** Throws a RouteTableError with everything that is wrong with the routes. */
export function configRouteTable(config: Config): RouteTable<RouteConfig> {
  return buildRouteTable(
    config.routes.map((route) => ({
      name: route.name,
      match: route.match,
      priority: route.priority,
      payload: route,
    })),
  );
}

/** What a route does with its requests: `pool app`, `redirect 301`, `split app 90, canary 10`. */
export function actionText(route: RouteConfig): string {
  if (route.pool !== null) return `pool ${route.pool}`;
  if (route.split !== null) {
    const shares = Object.entries(route.split.pools).map(([pool, weight]) => `${pool} ${weight}`);
    return `split ${shares.join(", ")}`;
  }
  if (route.redirect !== null) return `redirect ${route.redirect.status}`;
  return route.respond === null ? "nothing" : `respond ${route.respond.status}`;
}

/** Pools a route may send to, with their shares of its requests, 0 to 1. */
export function poolsOf(route: RouteConfig): readonly { readonly pool: string; readonly share: number }[] {
  if (route.pool !== null) return [{ pool: route.pool, share: 1 }];
  const weights = Object.entries(route.split?.pools ?? {});
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  return weights.map(([pool, weight]) => ({ pool, share: total === 0 ? 0 : weight / total }));
}
