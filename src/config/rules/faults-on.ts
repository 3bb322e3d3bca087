/** Faults on purpose are seen. */
import type { Rule } from "./rule.ts";

export const faultsOn: Rule = {
  name: "faults-on",
  severity: "warning",
  sentence: "A route makes requests fail or wait on purpose.",
  check({ config, report }) {
    for (const [index, { faults }] of config.routes.entries()) {
      if (faults === null || faults.mode === "observe" || (faults.delay === null && faults.abort === null))
        continue;
      report({
        path: ["routes", index, "faults"],
        part: "key",
        message: "requests are made to fail or wait on purpose",
      });
    }
  },
};
