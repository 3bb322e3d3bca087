/** Hooks in a module of the user's: importing it, and making sure that it has some. */
import type { Config } from "../config/schema.ts";
import { hookNames } from "../config/schema-hooks.ts";
import type { Hooks } from "../core/hooks.ts";
import { importModule } from "../platform/modules.ts";

/**
 * Exports of the module itself, of its default export, or the `hooks` of a configuration that it exports by
 * default. Throws an Error that says in a clause what is wrong.
 */
export async function loadHookModule(url: string): Promise<Hooks> {
  const exports = await importModule(url);
  const made = memberOf(exports, "default");
  const holder = [exports, memberOf(made, "hooks"), made].find(hasHook);
  if (holder === undefined) throw new TypeError(`it exports none of ${hookNames.join(", ")}`);
  const wrong = hookNames.find((name) => !["function", "undefined"].includes(typeof memberOf(holder, name)));
  if (wrong !== undefined) throw new TypeError(`its ${wrong} is no function`);
  return holder as Hooks;
}

/** The hooks of a configuration; null without any. `url` is the address of their module. */
export async function loadHooks({ hooks }: Config, url: string | null): Promise<Hooks | null> {
  if (url !== null) return loadHookModule(url);
  return hooks !== null && "functions" in hooks ? (hooks.functions ?? null) : null;
}

function hasHook(value: unknown): boolean {
  return hookNames.some((name) => memberOf(value, name) !== undefined);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
