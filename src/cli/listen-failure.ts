/** Why a balancer cannot start, in words for its user. */
import { locateIssues, nowhere, type Origin } from "../config/issue.ts";
import { renderIssues } from "../config/render-issue.ts";
import type { Config } from "../config/schema.ts";
import { parseBindAddress } from "../core/address.ts";
import { ConfigError } from "../runtime/config-error.ts";
import { explainBindError, UserError } from "./failure.ts";

/** A sentence about a listener that cannot be bound, or all that is wrong; anything else as it is. */
export function explainListenError(
  error: unknown,
  config: Config,
  remedy: string,
  origin: Origin = nowhere("configuration"),
): unknown {
  if (error instanceof ConfigError) {
    const issues = renderIssues(locateIssues(error.issues, origin)).trimEnd();
    return new UserError(`cannot start with this configuration\n\n${issues}`);
  }
  return explainBindError(error, { ...addressIn(error, config), remedy });
}

/** The address an error is about: its own, or the first listener's. */
function addressIn(error: unknown, config: Config): { address: string; port: number } {
  const own = (error as { readonly address?: unknown } | null)?.address;
  const address = typeof own === "string" ? own : (config.listeners[0]?.address ?? ":8080");
  const parsed = parseBindAddress(address);
  return { address, port: "kind" in parsed && parsed.kind === "tcp" ? parsed.port : 0 };
}
