/** Names that logs and the API use mean one thing each. */
import type { Path } from "../issue.ts";
import type { Rule, RuleContext } from "./rule.ts";

export const uniqueNames: Rule = {
  name: "name-taken",
  severity: "error",
  sentence: "Two listeners, two routes, or two endpoints of a pool have the same name.",
  check(context) {
    const { config } = context;
    compare(context, config.listeners, (index) => ["listeners", index], "listener");
    compare(context, config.routes, (index) => ["routes", index], "route");
    for (const [name, pool] of Object.entries(config.pools)) {
      compare(context, pool.endpoints, (index) => ["pools", name, "endpoints", index], "endpoint");
    }
  },
};

function compare(
  context: RuleContext,
  entries: readonly { readonly name: string }[],
  pathOf: (index: number) => Path,
  what: string,
): void {
  const first = new Map<string, number>();
  for (const [index, { name }] of entries.entries()) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else
      context.report({
        path: pathOf(index),
        message: `'${name}' is already the name of ${what} ${earlier + 1} of this list`,
        found: name,
        allowed: `a name of its own for each ${what}`,
      });
  }
}
