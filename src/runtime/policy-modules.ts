/** Policies in modules of the user's: importing them, and making sure that they make policies. */
import type { Policy, PolicyParts } from "../balancing/policy.ts";
import type { Config } from "../config/schema.ts";
import { seededRandom } from "../core/random.ts";
import { importModule } from "../platform/modules.ts";

/** A module's default export: makes one policy; called for each tier of each pool in each worker. */
export type PolicyModule = (parts: PolicyParts, options: Readonly<Record<string, unknown>>) => Policy;

/** Throws an Error that says in a clause what is wrong. */
export async function loadPolicyModule(url: string): Promise<PolicyModule> {
  const exports = await importModule(url);
  const made: unknown =
    typeof exports === "object" && exports !== null && "default" in exports ? exports.default : undefined;
  if (typeof made !== "function")
    throw new TypeError("its default export is no function (parts, options) => policy");
  return made as PolicyModule;
}

/** Makes one and looks whether it could be a policy. Throws an Error that says in a clause what is wrong. */
export function tryPolicyModule(make: PolicyModule, options: Readonly<Record<string, unknown>>): void {
  const policy: unknown = make({ random: seededRandom(1), cursor: { next: () => 0 } }, options);
  const hasPick =
    typeof policy === "object" && policy !== null && "pick" in policy && typeof policy.pick === "function";
  if (!hasPick) throw new TypeError("what it makes has no method pick");
  if (!("needsKey" in policy) || typeof policy.needsKey !== "boolean")
    throw new TypeError("what it makes has no needsKey, which is true or false");
}

/** The modules of a configuration's pools, by pool. */
export async function loadPolicyModules(
  config: Config,
  urls: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, PolicyModule>> {
  const modules = new Map<string, PolicyModule>();
  for (const [pool, { policy }] of Object.entries(config.pools)) {
    const url = urls[pool];
    if (policy.name === "module" && url !== undefined) modules.set(pool, await loadPolicyModule(url));
  }
  return modules;
}
