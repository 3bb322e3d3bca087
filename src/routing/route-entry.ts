/**
 * A route as the indexes hold it: one entry for each of its hosts with each of its paths, so that an
 * entry has one host, one path and the conditions that remain.
 */
import { compileConditions, type Condition } from "./condition.ts";
import { anyHost, captureHost, compileHost, type HostMatcher } from "./host-matcher.ts";
import { anyPath, capturePath, compilePath, pathCaptureNames, type PathMatcher } from "./path-matcher.ts";
import { regexCaptureNames } from "./regex.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import { listOf, type MatchSpec, type ProblemSink, type RouteProblem, type RouteSpec } from "./route-spec.ts";

export type Captures = ReadonlyMap<string, string>;

export interface CompiledRoute<T> {
  readonly name: string;
  /** Place in the list the table was built from. */
  readonly order: number;
  readonly priority: number;
  readonly payload: T;
}

export interface RouteMatch<T> {
  readonly route: CompiledRoute<T>;
  /** Null when the route has none or needs none. */
  readonly captures: Captures | null;
}

export interface RouteEntry<T> {
  readonly route: CompiledRoute<T>;
  readonly host: HostMatcher;
  readonly path: PathMatcher;
  readonly conditions: readonly Condition[];
  /** Made beforehand, so that most matches allocate nothing. */
  readonly plainMatch: RouteMatch<T>;
  readonly hasCaptures: boolean;
}

/** Hosts times paths of one route. */
const entriesPerRouteMax = 10_000;

export function compileEntries<T>(
  spec: RouteSpec<T>,
  order: number,
  problems: RouteProblem[],
): readonly RouteEntry<T>[] {
  const sink: ProblemSink = {
    report: (field, problem, fix = null) => problems.push({ route: spec.name, field, problem, fix }),
  };
  const match = spec.match ?? {};
  const priority = spec.priority ?? 0;
  if (!Number.isFinite(priority)) sink.report("priority", "the priority must be a number");
  const { hosts, paths } = compilePlaces(match, sink);
  if (hosts.length * paths.length > entriesPerRouteMax) {
    sink.report("match", `hosts times paths are more than ${entriesPerRouteMax}`);
    return [];
  }
  const conditions = compileConditions(match, "match", sink);
  const route: CompiledRoute<T> = { name: spec.name, order, priority, payload: spec.payload };
  const plainMatch: RouteMatch<T> = { route, captures: null };
  return hosts.flatMap((host) =>
    paths.map((path) => {
      const hasCaptures =
        (spec.needsCaptures ?? true) &&
        (host.kind === "regex" || path.kind === "regex" || pathCaptureNames(path).length > 0);
      return { route, host, path, conditions, plainMatch, hasCaptures };
    }),
  );
}

function compilePlaces(
  match: MatchSpec,
  sink: ProblemSink,
): { hosts: readonly HostMatcher[]; paths: readonly PathMatcher[] } {
  const hosts = listOf(match.host).map((host, index) => compileHost(host, `match.host[${index}]`, sink));
  const paths = listOf(match.path).map((path, index) => compilePath(path, `match.path[${index}]`, sink));
  if (match.host !== undefined && hosts.length === 0)
    sink.report("match.host", "an empty list matches nothing");
  if (match.path !== undefined && paths.length === 0)
    sink.report("match.path", "an empty list matches nothing");
  return { hosts: hosts.length === 0 ? [anyHost] : hosts, paths: paths.length === 0 ? [anyPath] : paths };
}

/** The names that `${capture.…}` may use in a route with this match: all that any host or path of it gives. */
export function captureNamesOf(match: MatchSpec | undefined): readonly string[] {
  const { hosts, paths } = compilePlaces(match ?? {}, { report: () => undefined });
  const ofHosts = hosts.flatMap((host) =>
    host.kind === "regex" ? ["0", ...regexCaptureNames(host.regex)] : [],
  );
  const ofPaths = paths.flatMap((path) => [
    ...(path.kind === "regex" ? ["0"] : []),
    ...pathCaptureNames(path),
  ]);
  return [...new Set([...ofHosts, ...ofPaths])];
}

/** `host` is canonical, `path` the reading that matched. Where both have a capture, the path's counts. */
export function matchOf<T>(entry: RouteEntry<T>, host: string, path: string): RouteMatch<T> {
  if (!entry.hasCaptures) return entry.plainMatch;
  const captures = new Map<string, string>();
  captureHost(entry.host, host, captures);
  capturePath(entry.path, path, captures);
  return { route: entry.route, captures };
}

/** The first of `entries` whose conditions all hold. Host and path have been compared already. */
export function firstPassing<T>(
  entries: readonly RouteEntry<T>[],
  facts: RequestFacts,
  path: string,
): RouteEntry<T> | null {
  for (const entry of entries) if (passes(entry.conditions, facts, path)) return entry;
  return null;
}

function passes(conditions: readonly Condition[], facts: RequestFacts, path: string): boolean {
  for (const condition of conditions) if (!condition.test(facts, path)) return false;
  return true;
}
