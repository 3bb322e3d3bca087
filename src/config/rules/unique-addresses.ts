/** Two listeners cannot share an address. */
import type { Rule } from "./rule.ts";

export const uniqueAddresses: Rule = {
  name: "address-taken",
  severity: "error",
  sentence: "Two listeners, or a listener and the admin API, have the same address.",
  check({ config, report }) {
    const first = new Map<string, string>();
    const claim = (address: string, owner: string, path: readonly (string | number)[]): void => {
      const port = /:(\d+)$/.exec(address)?.[1];
      if (port === "0") return;
      const taken = first.get(address);
      if (taken === undefined) first.set(address, owner);
      else if (taken !== owner)
        report({
          path,
          message: `${taken} listens there already`,
          found: address.replace("udp ", ""),
          allowed: "an address of its own",
        });
    };
    // The same address may be taken for connections and for datagrams.
    for (const [index, listener] of config.listeners.entries())
      claim(`${listener.protocol === "udp" ? "udp " : ""}${listener.address}`, `listener ${index + 1}`, [
        "listeners",
        index,
        "address",
      ]);
    if (config.admin !== null) claim(config.admin.address, "the admin API", ["admin", "address"]);
  },
};
