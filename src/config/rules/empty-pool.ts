/** A pool has endpoints, or it answers nothing but 503. */
import type { Rule } from "./rule.ts";

export const emptyPool: Rule = {
  name: "empty-pool",
  severity: "warning",
  sentence: "A pool has no endpoints; until some are added at run time it answers 503.",
  check({ config, report }) {
    for (const [name, pool] of Object.entries(config.pools)) {
      if (pool.endpoints.length > 0 || pool.source !== null) continue;
      report({
        path: ["pools", name],
        part: "key",
        message: "the pool has no endpoints, so it answers 503 until some are added",
      });
    }
  },
};
