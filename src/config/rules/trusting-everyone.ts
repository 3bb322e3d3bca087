/** Trust in forwarded headers has an end. */
import type { Rule } from "./rule.ts";

export const trustingEveryone: Rule = {
  name: "trusting-everyone",
  severity: "warning",
  sentence: "A listener trusts every address to say who the client is.",
  check({ config, report }) {
    for (const [index, { trustedProxies }] of config.listeners.entries()) {
      for (const [at, network] of trustedProxies.entries()) {
        if (!network.endsWith("/0")) continue;
        report({
          path: ["listeners", index, "trustedProxies", at],
          message: "everybody may pretend to be any client address",
          found: network,
          allowed: "the networks of your own proxies",
        });
      }
    }
  },
};
