/** Cookies that browsers throw away bind nobody. */
import type { Rule } from "./rule.ts";

export const refusedCookies: Rule = {
  name: "refused-cookie",
  severity: "warning",
  sentence: "A sticky cookie has SameSite none without Secure, which browsers refuse.",
  check({ config, report }) {
    for (const [name, { sticky }] of Object.entries(config.pools)) {
      if (sticky?.kind !== "cookie" || sticky.sameSite !== "none" || sticky.secure) continue;
      report({
        path: ["pools", name, "sticky", "sameSite"],
        message: "browsers refuse such a cookie unless it is secure, so nobody would be bound",
        found: "none",
        allowed: "lax or strict, or secure: true",
      });
    }
  },
};
