/** A certificate and its key come together. */
import type { Rule } from "./rule.ts";

export const tlsPair: Rule = {
  name: "half-a-certificate",
  severity: "error",
  sentence: "A certificate is given without its key, or a key without its certificate.",
  check({ config, report }) {
    for (const [name, { tls }] of Object.entries(config.pools)) {
      if ((tls.certificate === null) === (tls.key === null)) continue;
      const there = tls.key === null ? "certificate" : "key";
      const absent = tls.key === null ? "key" : "certificate";
      report({
        path: ["pools", name, "tls", there],
        message: `it needs ${absent}, too`,
        allowed: "certificate and key, or neither",
      });
    }
  },
};
