/**
 * Explains a match: the route that wins and what decided, the routes that match as well, and the near
 * misses with the first thing each lacks. For people: it walks the whole table.
 */
import { firstFailure, andList } from "./condition.ts";
import { canonicalHost, describeHost, matchesHost } from "./host-matcher.ts";
import { describePath, matchesPath } from "./path-matcher.ts";
import { normalPath, pathReadings } from "./path-reading.ts";
import { deciderOf, type Decider } from "./precedence.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import type { RouteEntry } from "./route-entry.ts";
import type { RouteTable } from "./route-table.ts";

export interface RouteExplanation {
  readonly outcome: "matched" | "no-route" | "unclear-path";
  readonly route: string | null;
  readonly captures: Readonly<Record<string, string>>;
  /** Each way to read the path, and the route it reaches; one for nearly every request. */
  readonly readings: readonly { readonly path: string; readonly route: string | null }[];
  /** Routes that match too but come later, and what decided. */
  readonly alsoMatching: readonly { readonly route: string; readonly because: Decider }[];
  /** Nearest first. */
  readonly nearMisses: readonly NearMiss[];
}

export interface NearMiss {
  readonly route: string;
  /** A clause: `method is GET, but it is POST`. */
  readonly reason: string;
}

/** One line of the table as it is printed, highest precedence first. */
export interface RouteLine {
  readonly route: string;
  readonly host: string;
  readonly path: string;
  readonly conditions: string;
  readonly priority: number;
}

export function explainMatch<T>(
  table: RouteTable<T>,
  facts: RequestFacts,
  nearMissesMax = 5,
): RouteExplanation {
  const found = table.match(facts);
  const path = normalPath(facts.path);
  const winner = table.entryFor(facts, path);
  const isMatched = found !== null && found !== "unclear-path";
  return {
    outcome: found === null ? "no-route" : isMatched ? "matched" : "unclear-path",
    route: isMatched ? found.route.name : null,
    captures: isMatched && found.captures !== null ? Object.fromEntries(found.captures) : {},
    readings: pathReadings(facts.path).map((reading) => ({
      path: reading,
      route: table.entryFor(facts, reading)?.route.name ?? null,
    })),
    alsoMatching: winner === null ? [] : othersMatching(table.entries, winner, facts, path),
    nearMisses: nearMisses(table.entries, facts, path).slice(0, nearMissesMax),
  };
}

/** The table in order of precedence, for `check`. */
export function routeLines(table: RouteTable<unknown>): readonly RouteLine[] {
  return table.entries.map(({ route, host, path, conditions }) => ({
    route: route.name,
    host: describeHost(host),
    path: describePath(path),
    conditions: conditions.length === 0 ? "" : andList(conditions),
    priority: route.priority,
  }));
}

function othersMatching<T>(
  entries: readonly RouteEntry<T>[],
  winner: RouteEntry<T>,
  facts: RequestFacts,
  path: string,
): RouteExplanation["alsoMatching"] {
  const seen = new Set([winner.route]);
  return entries.flatMap((entry) => {
    if (seen.has(entry.route) || judge(entry, facts, path).reason !== "") return [];
    seen.add(entry.route);
    return [{ route: entry.route.name, because: deciderOf(winner, entry) }];
  });
}

/** Of each route that does not match, the entry that comes nearest. */
function nearMisses<T>(
  entries: readonly RouteEntry<T>[],
  facts: RequestFacts,
  path: string,
): readonly NearMiss[] {
  const nearest = new Map<string, { reason: string; held: number }>();
  const matching = new Set<string>();
  for (const entry of entries) {
    const judgement = judge(entry, facts, path);
    if (judgement.reason === "") matching.add(entry.route.name);
    else if ((nearest.get(entry.route.name)?.held ?? -1) < judgement.held)
      nearest.set(entry.route.name, judgement);
  }
  return [...nearest]
    .filter(([route]) => !matching.has(route))
    .toSorted(([, a], [, b]) => b.held - a.held)
    .map(([route, { reason }]) => ({ route, reason }));
}

/** The first thing that fails, "" for none, and how much holds: host and path weigh 2, all conditions 1. */
function judge<T>(entry: RouteEntry<T>, facts: RequestFacts, path: string): { reason: string; held: number } {
  const host = canonicalHost(facts.host);
  const isHost = matchesHost(entry.host, host);
  const isPath = matchesPath(entry.path, path);
  const passed = entry.conditions.filter((condition) => condition.test(facts, path)).length;
  const held = (isHost ? 2 : 0) + (isPath ? 2 : 0) + (passed + 1) / (entry.conditions.length + 1);
  if (!isHost) return { held, reason: `host is ${describeHost(entry.host)}, but it is ${host}` };
  if (!isPath) return { held: held + nearness(entry, path), reason: pathReason(entry, path) };
  return { held, reason: firstFailure(entry.conditions, facts, path) };
}

/** A path that fails by its case or its last slash alone is nearly one that holds. */
function nearness<T>(entry: RouteEntry<T>, path: string): number {
  return pathRemark(entry, path) === "" ? 0 : 1;
}

function pathReason<T>(entry: RouteEntry<T>, path: string): string {
  return `path is ${describePath(entry.path)}, but it is ${path}${pathRemark(entry, path)}`;
}

function pathRemark<T>(entry: RouteEntry<T>, path: string): string {
  const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  if (matchesPath(entry.path, other)) return " (only the final slash differs)";
  const isSameInLowerCase =
    entry.path.kind === "exact" && entry.path.path.toLowerCase() === path.toLowerCase();
  return isSameInLowerCase || matchesPath(entry.path, path.toLowerCase()) ? " (only the case differs)" : "";
}
