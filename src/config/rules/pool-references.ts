/** Every pool that a route or a listener names exists. */
import { nearestWord } from "../../core/nearest-word.ts";
import type { Path } from "../issue.ts";
import type { Rule } from "./rule.ts";

export const poolReferences: Rule = {
  name: "unknown-pool",
  severity: "error",
  sentence: "A route or a listener names a pool that does not exist.",
  check({ config, declared, report }) {
    const known = [...new Set([...Object.keys(config.pools), ...declared("pools")])];
    const refer = (name: string, path: Path, part: "key" | "value"): void => {
      if (known.includes(name)) return;
      const allowed = known.length === 0 ? "a pool; there are none yet" : known.join(", ");
      report({
        path,
        part,
        message: `there is no pool '${name}'`,
        found: name,
        allowed,
        suggestion: nearestWord(name, known),
      });
    };
    for (const [index, { pool, routes }] of config.listeners.entries()) {
      if (pool !== null) refer(pool, ["listeners", index, "pool"], "value");
      for (const [at, route] of routes.entries())
        refer(route.pool, ["listeners", index, "routes", at, "pool"], "value");
    }
    for (const [index, route] of config.routes.entries()) {
      if (route.pool !== null) refer(route.pool, ["routes", index, "pool"], "value");
      if (route.mirror !== null) refer(route.mirror.pool, ["routes", index, "mirror", "pool"], "value");
      for (const name of Object.keys(route.split?.pools ?? {}))
        refer(name, ["routes", index, "split", "pools", name], "key");
    }
  },
};
