/** There is something to do with requests. */
import type { Rule } from "./rule.ts";

export const somethingToServe: Rule = {
  name: "nothing-to-serve",
  severity: "error",
  sentence: "There are no routes, and not exactly one pool that could take all requests.",
  check({ config, declared, report }) {
    if (config.routes.length > 0) return;
    // Streams and datagrams need no routes.
    if (config.listeners.length > 0 && config.listeners.every(({ protocol }) => protocol !== "http")) return;
    const pools = declared("pools");
    if (pools.length === 1) return;
    if (pools.length === 0)
      report({
        path: [],
        message: "there is nothing to serve: neither a pool nor a route",
        allowed: "at least one pool under pools",
      });
    else
      report({
        path: ["pools"],
        part: "key",
        message: `there are ${pools.length} pools and no route that says which of them answers`,
        allowed: `routes such as - pool: ${pools[0]}`,
      });
  },
};
