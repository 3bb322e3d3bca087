/** Idle connections are let go before the usual origin closes them. */
import { formatDuration } from "../../core/units.ts";
import type { Rule } from "./rule.ts";

/** Node.js's `server.keepAliveTimeout`, the shortest default in wide use. */
const shortestOriginIdleMs = 5000;

export const idleBeyondOrigin: Rule = {
  name: "idle-beyond-origin",
  severity: "warning",
  sentence:
    "A pool keeps idle connections for longer than Node.js origins do, and does not learn their time.",
  check({ config, report }) {
    for (const [name, { connections }] of Object.entries(config.pools)) {
      if (
        connections.idleTimeout < shortestOriginIdleMs ||
        connections.learnIdleTimeout ||
        connections.idleMax === 0
      )
        continue;
      report({
        path: ["pools", name, "connections", "idleTimeout"],
        message:
          "Node.js origins close idle connections after 5s: some requests will meet a connection that is just being closed",
        found: formatDuration(connections.idleTimeout),
        allowed: "less than the endpoints' own keep-alive time, or learnIdleTimeout: true",
      });
    }
  },
};
