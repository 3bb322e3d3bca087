/** Who may vouch for clients is said, and is not everybody who sells certificates. */
import type { Rule } from "./rule.ts";

export const anybodyVouches: Rule = {
  name: "anybody-vouches",
  severity: "warning",
  sentence:
    "A listener verifies clients' certificates against the system's authorities: whoever has one from a public authority is let in.",
  check({ config, report }) {
    for (const [index, { tls }] of config.listeners.entries()) {
      const clients = tls?.clientCertificates ?? null;
      if (clients === null || clients.mode !== "verify" || clients.ca !== null) continue;
      report({
        path: ["listeners", index, "tls", "clientCertificates"],
        part: "key",
        message:
          "without ca the system's authorities vouch for clients: whoever has a certificate from a public one is let in",
        allowed: "ca: the file of your own authority",
      });
    }
  },
};
