/**
 * How what sources find comes together with what the configuration lists and what operators changed.
 * Found endpoints stand in the configuration in force like all others, marked as found, so that one
 * mechanism (reload by difference) serves for all. The rules:
 *
 *   1. A pool has the endpoints it lists, then those its source found. One that both name, by name or by
 *      URL, is the listed one.
 *   2. What was changed at run time outlives an answer as it outlives a reload (`drift.ts`): until the
 *      source says something new about the same thing. A found endpoint that was removed by hand stays
 *      away as long as the source goes on naming it.
 */
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import { carryEdits } from "./drift.ts";

/** The latest good answer for each pool that has had one. */
export type FoundSets = ReadonlyMap<string, readonly EndpointConfig[]>;

export const nothingFound: FoundSets = new Map();

/** `config` without what sources found: what people wrote. */
export function withoutFound(config: Config): Config {
  return withPools(config, (_name, pool) => {
    const listed = pool.endpoints.filter(({ isFound }) => isFound !== true);
    return listed.length === pool.endpoints.length ? pool : { ...pool, endpoints: listed };
  });
}

/** What `config` lists with what sources found; pools without a source have found nothing. */
export function withFound(config: Config, found: FoundSets): Config {
  return withPools(withoutFound(config), (name, pool) => {
    const own = pool.source === null ? undefined : found.get(name);
    if (own === undefined || own.length === 0) return pool;
    const names = new Set(pool.endpoints.map((endpoint) => endpoint.name));
    const urls = new Set(pool.endpoints.map((endpoint) => endpoint.url));
    const added = own
      .filter((endpoint) => !names.has(endpoint.name) && !urls.has(endpoint.url))
      .map((endpoint): EndpointConfig => ({ ...endpoint, isFound: true }));
    return added.length === 0 ? pool : { ...pool, endpoints: [...pool.endpoints, ...added] };
  });
}

/** `current`, in force when `before` was known, now that `after` is. */
export function refound(current: Config, before: FoundSets, after: FoundSets): Config {
  const changed = Object.entries(current.pools).filter(([name]) => before.get(name) !== after.get(name));
  if (changed.length === 0) return current;
  // Only those pools are looked at.
  const part = { ...current, pools: Object.fromEntries(changed) };
  const written = withoutFound(part);
  const { pools } = carryEdits(withFound(written, before), part, withFound(written, after));
  return { ...current, pools: { ...current.pools, ...pools } };
}

/** `found` with `news`, as far as the pools of `config` still have a source. */
export function knownOf(config: Config, found: FoundSets, news: FoundSets): FoundSets {
  const pools = Object.entries(config.pools).flatMap(([name, { source }]) => {
    const endpoints = source === null ? undefined : (news.get(name) ?? found.get(name));
    return endpoints === undefined ? [] : [[name, endpoints] as const];
  });
  return new Map(pools);
}

type Pool = Config["pools"][string];

/** Gives back `config` itself when no pool changes, so that the rest is known to be the same. */
function withPools(config: Config, change: (name: string, pool: Pool) => Pool): Config {
  const entries = Object.entries(config.pools).map(
    ([name, pool]) => [name, pool, change(name, pool)] as const,
  );
  if (entries.every(([, before, after]) => before === after)) return config;
  return { ...config, pools: Object.fromEntries(entries.map(([name, , after]) => [name, after])) };
}
