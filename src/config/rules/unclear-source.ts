/** What a pool's source finds can be used, and is what was meant. */
import { formatDuration } from "../../core/units.ts";
import type { Rule } from "./rule.ts";

export const unclearSource: Rule = {
  name: "unclear-source",
  severity: "warning",
  sentence:
    "A pool's source finds `https` addresses without a name to verify, asks for SRV records under a name that has none, or asks again before it can have an answer.",
  check({ config, report }) {
    for (const [name, { source, tls }] of Object.entries(config.pools)) {
      if (source === null) continue;
      const path = ["pools", name, "source"];
      const isDns = source.kind === "dns" || source.kind === "srv";
      if (
        isDns &&
        source.scheme === "https" &&
        tls.serverName === null &&
        !tls.insecure &&
        tls.pins.length === 0
      )
        report({
          path: [...path, "scheme"],
          message: "the endpoints are addresses, which few certificates name",
          allowed: `tls: { serverName: ${source.kind === "dns" ? source.name : "app.example.com"} } on the pool`,
        });
      if (source.kind === "srv" && !source.name.startsWith("_"))
        report({
          path: [...path, "name"],
          message: "SRV records stand under names such as _http._tcp.app.example.com",
          found: source.name,
        });
      if (source.kind === "http" && source.timeout > source.interval)
        report({
          path: [...path, "timeout"],
          message: "a request may take longer than the interval: a registry that hangs is noticed late",
          found: formatDuration(source.timeout),
          allowed: `at most ${formatDuration(source.interval)}`,
        });
    }
  },
};
