/** Two routes that ask for exactly the same: only the first is ever used. Finer questions are routing's. */
import type { Rule } from "./rule.ts";

export const shadowedRoutes: Rule = {
  name: "shadowed-route",
  severity: "warning",
  sentence: "Two routes have the same match, so the second is never used.",
  check({ config, report }) {
    const first = new Map<string, number>();
    for (const [index, route] of config.routes.entries()) {
      const key = JSON.stringify([route.priority, canonical(route.match)]);
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, index);
      else
        report({
          path: ["routes", index],
          message: `route ${earlier + 1} has the same match, so this one is never used`,
          allowed: "a match of its own for each route",
        });
    }
  },
};

/** The same whatever the order of keys and of listed alternatives. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(canonical(item))).toSorted();
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, canonical(inner)]);
}
