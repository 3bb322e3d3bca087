/** Endpoints that expect a PROXY header are probed in a way that sends one. */
import type { Rule } from "./rule.ts";

export const probesWithProxyHeader: Rule = {
  name: "probe-without-proxy-header",
  severity: "error",
  sentence: "A pool sends PROXY headers, and its `http` probes would come without one on the same port.",
  check({ config, report }) {
    for (const [name, { proxyProtocol, health }] of Object.entries(config.pools)) {
      if (proxyProtocol === "off" || health === null || health.kind === "tcp" || health.port !== null)
        continue;
      report({
        path: ["pools", name, "health"],
        part: "key",
        message: "http probes send no PROXY header, so every endpoint would be taken out",
        allowed: "kind: tcp, or the port of a service without the PROXY protocol",
      });
    }
  },
};
