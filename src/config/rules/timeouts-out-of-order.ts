/** A timeout that another one always beats does nothing. */
import { formatDuration } from "../../core/units.ts";
import type { Path } from "../issue.ts";
import type { Rule } from "./rule.ts";

export const timeoutsOutOfOrder: Rule = {
  name: "timeouts-out-of-order",
  severity: "warning",
  sentence: "A timeout can never strike, because a shorter one around it always comes first.",
  check({ config, report }) {
    const beaten = (path: Path, ms: number, by: string, byMs: number): void => {
      if (byMs === 0 || ms === 0 || ms < byMs) return;
      report({
        path,
        message: `it never strikes: ${by} is ${formatDuration(byMs)}`,
        found: formatDuration(ms),
        allowed: `less than ${formatDuration(byMs)}`,
      });
    };
    for (const [name, pool] of Object.entries(config.pools)) {
      const section = ["pools", name];
      if (pool.retry.perAttempt > pool.timeouts.responseHead) {
        beaten(
          [...section, "retry", "perAttempt"],
          pool.retry.perAttempt,
          "timeouts.responseHead",
          pool.timeouts.responseHead,
        );
      }
      if (pool.health !== null && pool.health.timeout > pool.health.interval) {
        report({
          path: [...section, "health", "timeout"],
          message: "a probe may take longer than the interval: an endpoint that hangs is noticed late",
          found: formatDuration(pool.health.timeout),
          allowed: `at most ${formatDuration(pool.health.interval)}`,
        });
      }
    }
    for (const [index, route] of config.routes.entries()) {
      if (route.timeouts.exchange === null || route.timeouts.responseHead === null) continue;
      beaten(
        ["routes", index, "timeouts", "responseHead"],
        route.timeouts.responseHead,
        "timeouts.exchange",
        route.timeouts.exchange,
      );
    }
  },
};
