/** A listener that speaks TLS has something to show. */
import type { Rule } from "./rule.ts";

export const listenerCertificates: Rule = {
  name: "no-certificate",
  severity: "error",
  sentence: "A listener speaks TLS without a certificate, or has files beside another source.",
  check({ config, report }) {
    for (const [index, { tls }] of config.listeners.entries()) {
      if (tls === null) continue;
      if (tls.source === "files" && tls.certificates.length === 0) {
        report({
          path: ["listeners", index, "tls"],
          part: "key",
          message: "there is no certificate to show",
          allowed: "certificates: with files, or self-signed",
        });
      } else if (tls.source !== "files" && tls.certificates.length > 0) {
        report({
          path: ["listeners", index, "tls", "certificates"],
          part: "key",
          message: `the source is ${tls.source}, so these files would not be used`,
          allowed: `certificates, or source: ${tls.source}`,
        });
      }
    }
  },
};
