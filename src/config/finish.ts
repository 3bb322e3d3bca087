/** The last step to a Config: what depends on several fields is filled in, and everything is frozen. */
import type * as z from "zod";
import type { HostMatch, MatchConfig, PathMatch } from "./schema-match.ts";
import { routeSchema } from "./schema-route.ts";
import type { RouteConfig } from "./schema-route.ts";
import type { Config, configSchema } from "./schema.ts";

type Parsed = z.output<typeof configSchema>;

export function finishConfig(parsed: Parsed): Config {
  const { $schema: _, include: _include, ...rest } = parsed;
  const pools = Object.keys(parsed.pools);
  const routes =
    parsed.routes.length === 0 && pools.length === 1
      ? [routeSchema.parse({ pool: pools[0] })]
      : parsed.routes;
  return deepFreeze({ ...rest, routes: nameRoutes(routes) });
}

/** Gives each route a name of its own: the user's, or one made from what it matches. */
function nameRoutes(routes: Parsed["routes"]): RouteConfig[] {
  const used = new Set(routes.map((route) => route.name));
  return routes.map((route) => {
    if (route.name !== null) return { ...route, name: route.name };
    const base = nameFromMatch(route.match);
    let name = base;
    for (let number = 2; used.has(name); number++) name = `${base}#${number}`;
    used.add(name);
    return { ...route, name };
  });
}

function nameFromMatch(match: MatchConfig): string {
  const methods = match.method === undefined ? "" : `${match.method.join(",")}:`;
  return (
    `${methods}${patternText(match.host?.[0])}${patternText(match.path?.[0])}`.replace(
      /[^\x21-\x7e]/g,
      "_",
    ) || "default"
  );
}

function patternText(pattern: HostMatch | PathMatch | undefined): string {
  if (pattern === undefined || typeof pattern === "string") return pattern ?? "";
  return "regex" in pattern ? `~${pattern.regex}` : Object.values(pattern).join("");
}

/** Freezes plain data through and through. Functions stay as they are. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
