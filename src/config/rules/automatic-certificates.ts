/** Listeners that want certificates from an authority have one, and names; nothing else is set that would do nothing. */
import type { Rule } from "./rule.ts";

export const automaticCertificates: Rule = {
  name: "automatic-certificates",
  severity: "error",
  sentence:
    "A listener gets its certificates by ACME without an authority, without names, or before its terms were agreed to; or names stand where ACME is not used.",
  check({ config, report }) {
    const { acme, listeners } = config;
    for (const [index, { tls }] of listeners.entries()) {
      if (tls === null) continue;
      const path = ["listeners", index, "tls"];
      const areNamesGiven = tls.names.length > 0 || tls.onDemand !== null;
      if (tls.source !== "acme") {
        if (areNamesGiven)
          report({
            path: [...path, tls.names.length > 0 ? "names" : "onDemand"],
            part: "key",
            message: `the source is ${tls.source}, so no certificate is got for these names`,
            allowed: "source: acme",
          });
        continue;
      }
      if (!areNamesGiven)
        report({
          path,
          part: "key",
          message: "there is no name to get a certificate for",
          allowed: "names, or onDemand with names that are allowed",
        });
      if (acme === null)
        report({
          path: [...path, "source"],
          message: "there is no authority to get certificates from",
          allowed: "a section acme beside the listeners",
        });
      else if (!acme.agreeToTerms)
        report({
          path: ["acme"],
          part: "key",
          message: "the authority gives certificates only to those who agree to its terms",
          allowed: "agreeToTerms: true",
        });
    }
  },
};
