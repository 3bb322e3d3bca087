/** Settings of a TLS listener that cannot do what they say. */
import type { Rule } from "./rule.ts";

export const unusedTls: Rule = {
  name: "unused-tls",
  severity: "warning",
  sentence:
    "A listener asks for an old TLS version under the modern preset, gives a CRL that nobody looks at, or redirects to itself.",
  check({ config, report }) {
    for (const [index, { tls, redirectToHttps }] of config.listeners.entries()) {
      if (tls === null) continue;
      if (redirectToHttps !== 0)
        report({
          path: ["listeners", index, "redirectToHttps"],
          message: "this listener speaks TLS itself: everything would be redirected, HTTPS too",
          allowed: "redirectToHttps on the listener without TLS",
        });
      if (tls.preset === "modern" && tls.minVersion === "1.2")
        report({
          path: ["listeners", index, "tls", "minVersion"],
          message: "the modern preset has no ciphers for TLS 1.2",
          allowed: "preset: intermediate",
        });
      const { clientCertificates } = tls;
      if (clientCertificates !== null && clientCertificates.crl !== null && clientCertificates.ca === null)
        report({
          path: ["listeners", index, "tls", "clientCertificates", "crl"],
          message: "a CRL needs the authority that signed it",
          allowed: "ca: the file of your own authority",
        });
    }
  },
};
