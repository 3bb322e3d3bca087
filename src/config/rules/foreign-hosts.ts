/** Sites behind TLS answer to their own names only. */
import { isLocalName, parseEndpointUrl } from "../../core/address.ts";
import type { Rule } from "./rule.ts";

export const foreignHosts: Rule = {
  name: "foreign-host",
  severity: "warning",
  sentence: "An https endpoint with a public name is sent the Host header of the client.",
  check({ config, report }) {
    for (const [name, pool] of Object.entries(config.pools)) {
      if (pool.hostHeader !== "preserve") continue;
      const isForeign = pool.endpoints.some(({ url }) => {
        const address = parseEndpointUrl(url);
        return (
          !("problem" in address) &&
          address.scheme === "https" &&
          address.kind === "name" &&
          !isLocalName(address.host)
        );
      });
      if (!isForeign) continue;
      report({
        path: ["pools", name, "hostHeader"],
        message: "public sites answer only to their own names: most will refuse the client's",
        found: "preserve",
        allowed: "auto or endpoint",
      });
    }
  },
};
