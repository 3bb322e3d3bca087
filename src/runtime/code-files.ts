/** The modules of the user's that a configuration names, with what they import: for watching. */
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { filesBehindModule } from "../platform/modules.ts";

/** Absolute paths. */
export function codeFiles({ hooks, pools }: Config): readonly string[] {
  const policies = Object.values(pools).flatMap(({ policy }) =>
    policy.name === "module" ? [policy.path] : [],
  );
  const named = [...policies, ...(hooks === null || hooks.path === null ? [] : [hooks.path])];
  return named.flatMap((path) => [resolve(path), ...filesBehindModule(path)]);
}
