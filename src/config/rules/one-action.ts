/** A route does exactly one thing with a request. */
import type { Rule } from "./rule.ts";

const actions = ["pool", "split", "redirect", "respond"] as const;

export const oneAction: Rule = {
  name: "one-action",
  severity: "error",
  sentence: "A route has none, or more than one, of pool, split, redirect and respond.",
  check({ config, report }) {
    for (const [index, route] of config.routes.entries()) {
      const given = actions.filter((action) => route[action] !== null);
      const [first, second] = given;
      if (first === undefined)
        report({
          path: ["routes", index],
          message: "the route does nothing",
          allowed: `one of ${actions.join(", ")}`,
        });
      else if (second !== undefined) {
        report({
          path: ["routes", index, second],
          part: "key",
          message: `the route already has '${first}'`,
          found: given.join(" and "),
          allowed: `one of ${actions.join(", ")}`,
        });
      }
    }
  },
};
