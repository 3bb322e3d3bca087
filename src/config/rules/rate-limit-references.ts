/** Every rate limit that a route names exists. */
import { nearestWord } from "../../core/nearest-word.ts";
import type { Rule } from "./rule.ts";

export const rateLimitReferences: Rule = {
  name: "unknown-rate-limit",
  severity: "error",
  sentence: "A route names a rate limit that does not exist.",
  check({ config, declared, report }) {
    const known = [...new Set([...Object.keys(config.rateLimits), ...declared("rateLimits")])];
    for (const [index, route] of config.routes.entries()) {
      for (const [at, name] of route.rateLimits.entries()) {
        if (known.includes(name)) continue;
        const allowed = known.length === 0 ? "a rate limit; there are none yet" : known.join(", ");
        report({
          path: ["routes", index, "rateLimits", at],
          message: `there is no rate limit '${name}'`,
          found: name,
          allowed,
          suggestion: nearestWord(name, known),
        });
      }
    }
  },
};
