/** What stands still between two revisions, with the names that the live numbers refer to by place. */
import type { Config } from "../../config/schema.ts";
import { actionText, poolsOf } from "../../runtime/config-routes.ts";
import type { OperatedLoadBalancer } from "../../runtime/load-balancer-interface.ts";
import type { LiveTopology } from "./live-messages.ts";

export function liveTopology(balancer: OperatedLoadBalancer): LiveTopology {
  const { config, shared, addresses, changes } = balancer;
  const pools = [...shared.pools.keys()];
  return {
    revision: changes.revisions.current?.number ?? 0,
    listeners: config.listeners.map(({ name, address }) => ({
      name,
      address: addresses.find(({ listener }) => listener === name)?.address ?? address,
    })),
    routes: config.routes.map((route) => ({
      name: route.name,
      action: actionText(route),
      pools: poolsOf(route).map(({ pool }) => pool),
    })),
    ways: waysOf(config),
    pools: pools.map((name) => livePool(config, name)),
    endpoints: [...shared.pools.values()].flatMap(({ endpoints }, pool) =>
      endpoints.map(({ config: { name, url, weight, backup, priority } }) => ({
        pool,
        name,
        url,
        configuredWeight: weight,
        isBackup: backup || priority > 0,
      })),
    ),
  };
}

function livePool(config: Config, name: string): LiveTopology["pools"][number] {
  const pool = config.pools[name];
  return { name, policy: pool?.policy.name ?? "", hasProbes: (pool?.health ?? null) !== null };
}

/** In the order of routes; the same order is that of the numbers' departures. */
export function waysOf({ routes, pools }: Config): [route: number, pool: number][] {
  const places = new Map(Object.keys(pools).map((name, place) => [name, place]));
  return routes.flatMap((route, place) =>
    poolsOf(route).map(({ pool }): [number, number] => [place, places.get(pool) ?? -1]),
  );
}
