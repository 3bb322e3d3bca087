/** Every listener that a match names exists. */
import { nearestWord } from "../../core/nearest-word.ts";
import type { Path } from "../issue.ts";
import type { MatchConfig } from "../schema-match.ts";
import type { Rule } from "./rule.ts";

export const listenerReferences: Rule = {
  name: "unknown-listener",
  severity: "error",
  sentence: "A route's match names a listener that does not exist.",
  check({ config, report }) {
    const known = config.listeners.map((listener) => listener.name);
    const visit = (match: MatchConfig, path: Path): void => {
      for (const [at, name] of (match.listener ?? []).entries()) {
        if (known.includes(name)) continue;
        report({
          path: [...path, "listener", at],
          message: `there is no listener '${name}'`,
          found: name,
          allowed: known.join(", "),
          suggestion: nearestWord(name, known),
        });
      }
      for (const [at, inner] of (match.all ?? []).entries()) visit(inner, [...path, "all", at]);
      for (const [at, inner] of (match.any ?? []).entries()) visit(inner, [...path, "any", at]);
      if (match.not !== undefined) visit(match.not, [...path, "not"]);
    };
    for (const [index, route] of config.routes.entries()) visit(route.match, ["routes", index, "match"]);
  },
};
