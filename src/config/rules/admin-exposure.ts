/** The admin API is not open to the world. */
import { isLocalName, parseBindAddress } from "../../core/address.ts";
import type { Rule } from "./rule.ts";

export const adminExposure: Rule = {
  name: "admin-exposed",
  severity: "error",
  sentence: "The admin API listens beyond this machine and has no token.",
  check({ config, report }) {
    const { admin } = config;
    if (admin === null || admin.tokens.length > 0) return;
    const address = parseBindAddress(admin.address);
    if ("problem" in address || address.kind === "unix") return;
    const isLocal =
      address.host !== null &&
      (isLocalName(address.host) || address.host === "::1" || address.host.startsWith("127."));
    if (isLocal) return;
    report({
      path: ["admin", "address"],
      message: "anyone who reaches it could change everything",
      found: admin.address,
      allowed: "a loopback address, a unix socket, or tokens",
      suggestion: `127.0.0.1:${address.port}`,
    });
  },
};
