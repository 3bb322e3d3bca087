/**
 * The immutable route table: built from specs, swapped whole on reload, asked once per request (step 4
 * of DESIGN's nine). Ten thousand routes cost about what ten do; a lone default route costs nothing.
 */
import { canonicalHost } from "./host-matcher.ts";
import { HostIndex } from "./host-index.ts";
import { isPlainPath, pathReadings } from "./path-reading.ts";
import { inPrecedence } from "./precedence.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import { compileEntries, matchOf, type RouteEntry, type RouteMatch } from "./route-entry.ts";
import type { RouteProblem, RouteSpec } from "./route-spec.ts";

export interface RouteTableOptions {
  /**
   * What to do with a path that two servers may read differently (`/a/../b`, `/a%2Fb`) when its readings
   * reach different routes. `refuse` (default) protects rules on paths; `first` trusts the endpoints to
   * read as Headgate does. See docs/decisions/path-matching.md.
   */
  readonly unclearPaths?: "refuse" | "first";
}

/** Every problem of every route. */
export class RouteTableError extends Error {
  override readonly name = "RouteTableError";
  readonly problems: readonly RouteProblem[];

  constructor(problems: readonly RouteProblem[]) {
    super(problems.map(({ route, field, problem }) => `route "${route}", ${field}: ${problem}`).join("\n"));
    this.problems = problems;
  }
}

export class RouteTable<T> {
  /** In order of precedence: one for each host with each path of each route. */
  readonly entries: readonly RouteEntry<T>[];
  readonly #hosts = new HostIndex<T>();
  readonly #lone: RouteMatch<T> | null;
  readonly #refusesUnclear: boolean;
  /** False when only hosts decide, so that paths need no reading. */
  readonly #comparesPaths: boolean;

  constructor(entries: readonly RouteEntry<T>[], options: RouteTableOptions) {
    this.entries = entries;
    for (const entry of entries) this.#hosts.add(entry);
    this.#lone = loneMatch(entries);
    this.#comparesPaths = entries.some(
      ({ path, conditions }) => path.kind !== "any" || conditions.length > 0,
    );
    this.#refusesUnclear = (options.unclearPaths ?? "refuse") === "refuse";
  }

  /**
   * The route for a request, null when none matches, `unclear-path` when its path can be read in ways
   * that reach different routes (or holds an escaped NUL): answer 400. Allocates only for captures and
   * for paths that need rewriting to be read.
   */
  match(facts: RequestFacts): RouteMatch<T> | "unclear-path" | null {
    if (this.#lone !== null) return this.#lone;
    const host = canonicalHost(facts.host);
    const path = facts.path;
    if (this.#comparesPaths && !isPlainPath(path)) return this.#matchReadings(facts, host, path);
    const entry = this.#hosts.find(facts, host, path);
    return entry === null ? null : matchOf(entry, host, path);
  }

  /** The entry that one reading of the path reaches. For explanations. */
  entryFor(facts: RequestFacts, reading: string): RouteEntry<T> | null {
    return this.#hosts.find(facts, canonicalHost(facts.host), reading);
  }

  #matchReadings(facts: RequestFacts, host: string, raw: string): RouteMatch<T> | "unclear-path" | null {
    const [path, ...others] = pathReadings(raw);
    if (path === undefined) return "unclear-path";
    const entry = this.#hosts.find(facts, host, path);
    if (this.#refusesUnclear) {
      for (const other of others) {
        if (this.#hosts.find(facts, host, other)?.route !== entry?.route) return "unclear-path";
      }
    }
    return entry === null ? null : matchOf(entry, host, path);
  }
}

/** Throws a RouteTableError with all problems; `checkRoutes` gives them without throwing. */
export function buildRouteTable<T>(
  routes: readonly RouteSpec<T>[],
  options: RouteTableOptions = {},
): RouteTable<T> {
  const { entries, problems } = compileAll(routes);
  if (problems.length > 0) throw new RouteTableError(problems);
  return new RouteTable(inPrecedence(entries), options);
}

export function checkRoutes(routes: readonly RouteSpec<unknown>[]): readonly RouteProblem[] {
  return compileAll(routes).problems;
}

function compileAll<T>(routes: readonly RouteSpec<T>[]): {
  entries: readonly RouteEntry<T>[];
  problems: RouteProblem[];
} {
  const problems: RouteProblem[] = [];
  const names = new Set<string>();
  for (const { name } of routes) {
    if (names.has(name))
      problems.push({ route: name, field: "name", problem: `two routes are called "${name}"`, fix: null });
    names.add(name);
  }
  const entries = routes.flatMap((route, order) => compileEntries(route, order, problems));
  return { entries, problems };
}

/** The match of a table whose only route takes everything. */
function loneMatch<T>(entries: readonly RouteEntry<T>[]): RouteMatch<T> | null {
  const [entry] = entries;
  const isLone =
    entries.length === 1 &&
    entry?.host.kind === "any" &&
    entry.path.kind === "any" &&
    entry.conditions.length === 0;
  return isLone ? entry.plainMatch : null;
}
