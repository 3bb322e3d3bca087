/** What is defined is used. */
import type { Rule } from "./rule.ts";

export const unusedEntries: Rule = {
  name: "unused",
  severity: "warning",
  sentence: "No route uses a pool or a rate limit.",
  check({ config, report }) {
    const pools = new Set(
      config.routes.flatMap((route) => [
        route.pool,
        route.mirror?.pool,
        ...Object.keys(route.split?.pools ?? {}),
      ]),
    );
    const limits = new Set(config.routes.flatMap((route) => route.rateLimits));
    for (const name of Object.keys(config.pools))
      if (!pools.has(name))
        report({ path: ["pools", name], part: "key", message: "no route uses this pool" });
    for (const name of Object.keys(config.rateLimits))
      if (!limits.has(name))
        report({ path: ["rateLimits", name], part: "key", message: "no route uses this rate limit" });
  },
};
