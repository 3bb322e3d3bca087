/** Authorities of the access log's receiver are for a receiver that speaks TLS. */
import type { Rule } from "./rule.ts";

export const unusedAuthorities: Rule = {
  name: "unused-authorities",
  severity: "warning",
  sentence: "The access log has authorities to verify its receiver by, and no receiver that speaks TLS.",
  check({ config: { accessLog }, report }) {
    if (accessLog === null || accessLog.ca === null || accessLog.path.startsWith("syslog+tls:")) return;
    report({
      path: ["accessLog", "ca"],
      message: "nothing here speaks TLS",
      allowed: "path: syslog+tls://host:6514",
    });
  },
};
