/**
 * Which of two routes that match the same request gets it. One order for the whole table:
 *
 *   1 host       exact, then wildcard (longest first), then regex (by first appearance), then any
 *   2 priority   higher first
 *   3 path       exact, then patterns and prefixes, then regex, then any
 *                patterns by their first difference from the left:
 *                whole segment, then start of a segment (longest first), then `:name`, then end, then rest
 *   4 conditions more first (not between regular expressions)
 *   5 order      as listed
 *
 * The indexes find the first entry in this order without walking it.
 */
import type { HostMatcher } from "./host-matcher.ts";
import type { PathMatcher, PathToken } from "./path-matcher.ts";
import type { RouteEntry } from "./route-entry.ts";

const hostRanks = { exact: 0, wildcard: 1, regex: 2, any: 3 } as const satisfies Record<
  HostMatcher["kind"],
  number
>;
const pathRanks = { exact: 0, pattern: 1, regex: 2, any: 3 } as const satisfies Record<
  PathMatcher["kind"],
  number
>;
const tokenRanks = { literal: 0, start: 1, param: 2, end: 3, below: 4, rest: 5 } as const satisfies Record<
  PathToken["kind"],
  number
>;

type AnyEntry = RouteEntry<unknown>;

/** What decided between two entries, first to last. */
export const deciders = ["host", "priority", "path", "conditions", "order"] as const;
export type Decider = (typeof deciders)[number];

/** Sorts in place of a copy: highest precedence first. */
export function inPrecedence<T>(entries: readonly RouteEntry<T>[]): readonly RouteEntry<T>[] {
  const regexPlaces = new Map<string, number>();
  for (const { host } of entries) {
    if (host.kind === "regex" && !regexPlaces.has(String(host.regex)))
      regexPlaces.set(String(host.regex), regexPlaces.size);
  }
  return entries.toSorted((a, b) => {
    for (const decider of deciders) {
      const difference = compareBy(decider, a, b, regexPlaces);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

/** Why the first of two entries goes before the second, given that it does. */
export function deciderOf(first: AnyEntry, second: AnyEntry): Decider {
  const areRegexHosts = first.host.kind === "regex" && second.host.kind === "regex";
  if (areRegexHosts && String(first.host.regex) !== String(second.host.regex)) return "host";
  return deciders.find((decider) => compareBy(decider, first, second, new Map()) !== 0) ?? "order";
}

function compareBy(
  decider: Decider,
  a: AnyEntry,
  b: AnyEntry,
  regexPlaces: ReadonlyMap<string, number>,
): number {
  switch (decider) {
    case "host":
      return compareHosts(a.host, b.host, regexPlaces);
    case "priority":
      return b.route.priority - a.route.priority;
    case "path":
      return comparePaths(a.path, b.path);
    case "conditions":
      return a.path.kind === "regex" ? 0 : b.conditions.length - a.conditions.length;
    case "order":
      return a.route.order - b.route.order;
  }
}

function compareHosts(a: HostMatcher, b: HostMatcher, regexPlaces: ReadonlyMap<string, number>): number {
  if (a.kind === "wildcard" && b.kind === "wildcard") return b.suffix.length - a.suffix.length;
  if (a.kind === "regex" && b.kind === "regex") {
    return (regexPlaces.get(String(a.regex)) ?? 0) - (regexPlaces.get(String(b.regex)) ?? 0);
  }
  return hostRanks[a.kind] - hostRanks[b.kind];
}

function comparePaths(a: PathMatcher, b: PathMatcher): number {
  if (a.kind !== "pattern" || b.kind !== "pattern") return pathRanks[a.kind] - pathRanks[b.kind];
  for (const [index, token] of a.tokens.entries()) {
    const other = b.tokens[index];
    if (other === undefined) return 0;
    const difference = tokenRanks[token.kind] - tokenRanks[other.kind];
    if (difference !== 0) return difference;
    if (token.kind === "start" && other.kind === "start" && token.text.length !== other.text.length) {
      return other.text.length - token.text.length;
    }
  }
  return 0;
}
