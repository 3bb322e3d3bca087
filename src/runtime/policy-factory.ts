/** Makes the policy that a pool's configuration names, and the key that it wants of each request. */
import { createPolicy } from "../balancing/create-policy.ts";
import type { Policy, PolicyParts } from "../balancing/policy.ts";
import { assert } from "../core/assert.ts";
import type { PolicyConfig } from "../config/schema-policy.ts";
import type { PolicyModule } from "./policy-modules.ts";

/** `policyModule` was loaded before, for pools whose policy is a module. */
export function policyFrom(
  config: PolicyConfig,
  parts: PolicyParts,
  policyModule: PolicyModule | null = null,
): Policy {
  switch (config.name) {
    case "custom":
      return (config.create as (parts: PolicyParts) => Policy)(parts);
    case "module":
      assert(policyModule !== null, "a policy's module is loaded before the policy is made");
      return policyModule(parts, config.options);
    case "peak-ewma":
      return createPolicy(
        { name: "peak-ewma", choices: config.choices, unknownLatencyMs: config.unknownLatency },
        parts,
      );
    default:
      return createPolicy(config, parts);
  }
}

/** The template of the key; null for policies that want none. `ip-hash` hashes the client's address. */
export function keyTemplateOf(config: PolicyConfig): string | null {
  switch (config.name) {
    case "ip-hash":
      return "${client.address}";
    case "hash":
    case "module":
      return config.key;
    case "custom":
      return "${client.address}";
    default:
      return null;
  }
}
