/** A split sends its traffic somewhere. */
import type { Rule } from "./rule.ts";

export const splitWeights: Rule = {
  name: "empty-split",
  severity: "error",
  sentence: "All weights of a split are 0, or it has no pools.",
  check({ config, report }) {
    for (const [index, { split }] of config.routes.entries()) {
      if (split === null || Object.values(split.pools).some((weight) => weight > 0)) continue;
      report({
        path: ["routes", index, "split", "pools"],
        message: "no pool of the split would get traffic",
        allowed: "at least one weight above 0",
      });
    }
  },
};
