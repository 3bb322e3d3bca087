/** TLS without verification is seen. */
import type { PoolConfig } from "../schema-pool.ts";
import type { Rule } from "./rule.ts";

export const unverifiedTls: Rule = {
  name: "unverified-tls",
  severity: "warning",
  sentence: "A pool does not verify its endpoints' certificates, or has TLS settings that no endpoint uses.",
  check({ config, report }) {
    for (const [name, { tls, endpoints, source }] of Object.entries(config.pools)) {
      const isSecure =
        endpoints.some((endpoint) => endpoint.url.startsWith("https:")) || mayFindHttps(source);
      // With pins the key is what is verified.
      if (tls.insecure && tls.pins.length === 0 && isSecure)
        report({
          path: ["pools", name, "tls", "insecure"],
          message: "certificates are not verified: anyone in between can read and change the traffic",
          allowed: "ca: the file of your own authority",
        });
      const isSet =
        tls.insecure ||
        tls.pins.length > 0 ||
        tls.ca !== null ||
        tls.serverName !== null ||
        tls.certificate !== null;
      if (isSet && !isSecure && endpoints.length > 0)
        report({
          path: ["pools", name, "tls"],
          part: "key",
          message: "no endpoint of the pool is https, so these settings do nothing",
        });
    }
  },
};

/** A list says itself what its endpoints speak. */
function mayFindHttps(source: PoolConfig["source"]): boolean {
  if (source === null) return false;
  return source.kind === "file" || source.kind === "http" || source.scheme === "https";
}
