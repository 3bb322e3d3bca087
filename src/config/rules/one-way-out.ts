/** Endpoints are taken out by one set of rules. */
import type { Rule } from "./rule.ts";

export const oneWayOut: Rule = {
  name: "outlier-and-max-fails",
  severity: "error",
  sentence: "A pool has both `outlier` and `maxFails`, which are alternatives.",
  check({ config, report }) {
    for (const [name, pool] of Object.entries(config.pools)) {
      if (pool.outlier === null || pool.maxFails === null) continue;
      report({
        path: ["pools", name, "maxFails"],
        part: "key",
        message: "the pool has outlier already, which does the same in another way",
        allowed: "outlier or maxFails",
      });
    }
  },
};
