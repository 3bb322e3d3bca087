/** Takes the configuration out of a TypeScript or JavaScript module: its default export. */
import type { ConfigIssue, Origin, SourceLocation } from "./issue.ts";
import { hookNames } from "./schema-hooks.ts";
import type { ReadSource } from "./read-yaml.ts";

/** `exports` is what importing `source` gave. Modules have no positions: issues name the file and the path. */
export function readModule(source: string, exports: unknown): ReadSource {
  const place: SourceLocation = { source, line: 0, column: 0, length: 0, lineText: "" };
  const exported: unknown =
    typeof exports === "object" && exports !== null && "default" in exports ? exports.default : undefined;
  const value = withHooksByPath(exported, source);
  const origin: Origin = {
    name: source,
    locate: (path) => {
      let at: unknown = value;
      for (const step of path) {
        if (typeof at !== "object" || at === null || !(step in at)) return null;
        at = (at as Record<string | number, unknown>)[step];
      }
      return place;
    },
  };
  const issues = typeof value === "object" && value !== null ? [] : [noDefault(place)];
  return { value, origin, issues };
}

/**
 * Functions cannot be handed to worker threads, so the hooks are named by the module they stand in: each
 * worker imports it.
 */
function withHooksByPath(value: unknown, source: string): unknown {
  if (typeof value !== "object" || value === null || !("hooks" in value)) return value;
  const { hooks } = value;
  if (typeof hooks !== "object" || hooks === null) return value;
  const others = Object.entries(hooks).filter(([name, hook]) => !isHook(name) || typeof hook !== "function");
  if (others.length === Object.keys(hooks).length) return value;
  return { ...value, hooks: { path: source, ...Object.fromEntries(others) } };
}

function isHook(name: string): boolean {
  return (hookNames as readonly string[]).includes(name);
}

function noDefault(location: SourceLocation): ConfigIssue {
  return {
    severity: "error",
    code: "no-default-export",
    path: [],
    message: "the module's default export is not a configuration",
    found: null,
    allowed: "export default defineConfig({ … })",
    suggestion: null,
    location,
  };
}
