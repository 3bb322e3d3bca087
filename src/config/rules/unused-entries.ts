/** Pools and rate limits that are defined are used by some route or listener. */
import type { Rule } from "./rule.ts";

export const unusedEntries: Rule = {
  name: "unused",
  severity: "warning",
  sentence: "No route or listener uses a pool, or no route a rate limit.",
  check({ config, report }) {
    if (config.routes.length === 0) return;
    const pools = new Set([
      ...config.routes.flatMap((route) => [
        route.pool,
        route.mirror?.pool,
        ...Object.keys(route.split?.pools ?? {}),
      ]),
      ...config.listeners.flatMap(({ pool, routes }) => [pool, ...routes.map((route) => route.pool)]),
    ]);
    const limits = new Set(config.routes.flatMap((route) => route.rateLimits));
    // A name that is only misspelt is reported as such.
    const isPool = (name: string | null | undefined): boolean =>
      name === null || name === undefined || name in config.pools;
    if (![...pools].every(isPool) || ![...limits].every((name) => name in config.rateLimits)) return;
    for (const name of Object.keys(config.pools))
      if (!pools.has(name))
        report({ path: ["pools", name], part: "key", message: "no route uses this pool" });
    for (const name of Object.keys(config.rateLimits))
      if (!limits.has(name))
        report({ path: ["rateLimits", name], part: "key", message: "no route uses this rate limit" });
  },
};
