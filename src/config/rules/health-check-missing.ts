/** A pool with a choice of endpoints can tell which of them live. */
import type { Rule } from "./rule.ts";

export const healthCheckMissing: Rule = {
  name: "no-health-check",
  severity: "warning",
  sentence: "A pool of several endpoints has neither probes nor a way to learn from traffic.",
  check({ config, report }) {
    for (const [name, pool] of Object.entries(config.pools)) {
      if (
        (pool.endpoints.length < 2 && pool.source === null) ||
        pool.health !== null ||
        pool.outlier !== null ||
        pool.maxFails !== null
      )
        continue;
      report({
        path: ["pools", name],
        part: "key",
        message: "nothing checks the endpoints' health: requests will find out which of them is down",
        allowed: "health: { path: /health }, or outlier: {}",
      });
    }
  },
};
