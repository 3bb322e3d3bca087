/** A limit that another one always meets first does nothing. */
import { formatSize } from "../../core/units.ts";
import type { Rule } from "./rule.ts";

export const unreachableLimits: Rule = {
  name: "unreachable-limit",
  severity: "warning",
  sentence: "A limit can never be reached, because another one is always met first.",
  check({ config, report }) {
    for (const [index, { limits }] of config.listeners.entries()) {
      if (limits.targetBytes >= limits.headBytes) {
        report({
          path: ["listeners", index, "limits", "targetBytes"],
          message: "nobody can reach it: headBytes is met first",
          found: formatSize(limits.targetBytes),
          allowed: `less than ${formatSize(limits.headBytes)}`,
        });
      }
      if (limits.connectionsPerClient > limits.connections && limits.connectionsPerClient !== Infinity) {
        report({
          path: ["listeners", index, "limits", "connectionsPerClient"],
          message: "nobody can reach it: connections is met first",
          found: String(limits.connectionsPerClient),
          allowed: `at most ${limits.connections}`,
        });
      }
    }
    for (const [name, pool] of Object.entries(config.pools)) {
      const isBounded =
        pool.concurrency !== null ||
        pool.endpoints.some(
          (endpoint) => endpoint.maxRequests !== Infinity || endpoint.maxConnections !== Infinity,
        );
      for (const [index, { maxRequests, maxConnections }] of pool.endpoints.entries()) {
        if (maxRequests === Infinity || maxRequests <= maxConnections) continue;
        report({
          path: ["pools", name, "endpoints", index, "maxRequests"],
          message: "nobody can reach it: each request has a connection, and maxConnections is met first",
          found: maxRequests,
          allowed: `at most ${maxConnections}`,
        });
      }
      for (const section of ["queue", "shed"] as const) {
        if (pool[section] === null || isBounded || pool.endpoints.length === 0) continue;
        report({
          path: ["pools", name, section],
          part: "key",
          message:
            "it is never used: no endpoint has maxRequests or maxConnections, and the pool has no concurrency limit",
        });
      }
    }
  },
};
