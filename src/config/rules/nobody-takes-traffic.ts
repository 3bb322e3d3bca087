/** At least one endpoint of a pool takes ordinary traffic. */
import type { Rule } from "./rule.ts";

export const nobodyTakesTraffic: Rule = {
  name: "no-weight",
  severity: "warning",
  sentence: "Every endpoint of a pool has weight 0, is a backup, or starts draining or in maintenance.",
  check({ config, report }) {
    for (const [name, { endpoints, source }] of Object.entries(config.pools)) {
      // What a source will find, nobody knows.
      if (endpoints.length === 0 || source !== null) continue;
      const path = ["pools", name, "endpoints"];
      const takers = endpoints.filter((endpoint) => endpoint.weight > 0 && endpoint.state === "ready");
      if (takers.length === 0)
        report({
          path,
          part: "key",
          message: "no endpoint takes traffic: all have weight 0 or are not ready",
        });
      else if (takers.every((endpoint) => endpoint.backup))
        report({ path, part: "key", message: "every endpoint is a backup, so none of them is" });
    }
  },
};
