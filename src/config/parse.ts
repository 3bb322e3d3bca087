/** From anything a user may have written to a finished Config, or to all that is wrong with it. */
import { finishConfig } from "./finish.ts";
import { nowhere } from "./issue.ts";
import type { ConfigIssue, Origin } from "./issue.ts";
import { configSchema } from "./schema.ts";
import type { Config, ConfigInput } from "./schema.ts";
import { issuesFromSchema } from "./schema-issues.ts";

export type ParseResult =
  | { readonly config: Config; readonly warnings: readonly ConfigIssue[] }
  | { readonly issues: readonly ConfigIssue[] };

/**
 * Checks `input` against the schema and the rules that span fields, fills in defaults and freezes the
 * result. Never throws for what the user wrote: every problem found is in `issues`, errors first.
 */
export function parseConfig(input: unknown, origin: Origin = nowhere("defineConfig")): ParseResult {
  const result = configSchema.safeParse(input ?? {});
  if (!result.success) return { issues: issuesFromSchema(result.error.issues, input, origin) };
  return { config: finishConfig(result.data), warnings: [] };
}

/** Gives completion and compile-time checks to a configuration written in TypeScript. Changes nothing. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
