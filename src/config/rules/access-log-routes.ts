/** The access log leaves out routes that exist. */
import { nearestWord } from "../../core/nearest-word.ts";
import type { Rule } from "./rule.ts";

export const accessLogRoutes: Rule = {
  name: "unknown-route",
  severity: "error",
  sentence: "The access log leaves out a route that does not exist.",
  check({ config, report }) {
    const known = config.routes.map((route) => route.name);
    for (const [at, name] of (config.accessLog?.exceptRoutes ?? []).entries()) {
      if (known.includes(name)) continue;
      report({
        path: ["accessLog", "exceptRoutes", at],
        message: `there is no route '${name}'`,
        found: name,
        allowed: known.join(", "),
        suggestion: nearestWord(name, known),
      });
    }
  },
};
