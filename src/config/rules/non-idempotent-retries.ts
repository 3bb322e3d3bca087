/** Whoever sends orders twice should know. */
import type { Rule } from "./rule.ts";

const message =
  "POST and PATCH are sent again after they may have been carried out: orders are placed twice unless the application forbids it";

export const nonIdempotentRetries: Rule = {
  name: "retries-post",
  severity: "warning",
  sentence: "Retries of non-idempotent requests are switched on.",
  check({ config, report }) {
    for (const [name, { retry }] of Object.entries(config.pools)) {
      if (retry.nonIdempotent && retry.attempts > 1)
        report({ path: ["pools", name, "retry", "nonIdempotent"], message });
    }
    for (const [index, { retry }] of config.routes.entries()) {
      if (retry.nonIdempotent === true && retry.attempts !== 1)
        report({ path: ["routes", index, "retry", "nonIdempotent"], message });
    }
  },
};
