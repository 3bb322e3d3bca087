/**
 * Finds routes that nothing can reach and routes between which only their order in the file decides.
 * Says nothing it is not sure of: regular expressions are compared by their text alone.
 */
import { isDisjoint } from "./condition.ts";
import { describeHost } from "./host-matcher.ts";
import { describePath, matchesPath, type PathMatcher, type PathToken } from "./path-matcher.ts";
import type { RouteEntry } from "./route-entry.ts";
import type { RouteTable } from "./route-table.ts";

export interface RouteAmbiguity {
  /** `unreachable`: the other route takes every request of this one. `order-decides`: they overlap as equals. */
  readonly kind: "unreachable" | "order-decides";
  readonly route: string;
  /** The route that goes first. */
  readonly other: string;
  /** A sentence with a remedy. */
  readonly text: string;
}

/** Comparisons within one host and path, or between priorities of one host; then the search ends quietly. */
const comparisonsMax = 1_000_000;

type Entry = RouteEntry<unknown>;

export function findAmbiguities(table: RouteTable<unknown>): readonly RouteAmbiguity[] {
  const found = new Map<string, RouteAmbiguity>();
  for (const entries of Map.groupBy(
    table.entries,
    ({ host }) => `${host.kind} ${describeHost(host)}`,
  ).values()) {
    for (const same of Map.groupBy(entries, ({ path }) => `${path.kind} ${describePath(path)}`).values())
      addAmong(same, found);
    addAcrossPriorities(entries, found);
  }
  return [...found.values()];
}

/** Entries of one host and one path, in precedence. */
function addAmong(entries: readonly Entry[], found: Map<string, RouteAmbiguity>): void {
  let comparisons = 0;
  for (const [index, entry] of entries.entries()) {
    for (let i = 0; i < index && comparisons++ < comparisonsMax; i++) {
      const earlier = entries[i]!;
      if (earlier.route === entry.route) continue;
      if (demandsNoMore(earlier, entry)) {
        add(found, unreachable(entry, earlier));
        break;
      }
      if (isTie(earlier, entry) && !isDisjoint(earlier.conditions, entry.conditions))
        add(found, orderDecides(entry, earlier));
    }
  }
}

/** A higher priority may hide a more specific path. */
function addAcrossPriorities(entries: readonly Entry[], found: Map<string, RouteAmbiguity>): void {
  const lowest = entries.at(-1)?.route.priority;
  if (entries.every((entry) => entry.route.priority === lowest)) return;
  let comparisons = 0;
  for (const entry of entries) {
    for (const earlier of entries) {
      if (earlier.route.priority <= entry.route.priority || comparisons++ > comparisonsMax) break;
      if (
        earlier.route !== entry.route &&
        demandsNoMore(earlier, entry) &&
        covers(earlier.path, entry.path)
      ) {
        add(found, unreachable(entry, earlier));
        break;
      }
    }
  }
}

/** Is every condition of `earlier` one of `later` too? */
function demandsNoMore(earlier: Entry, later: Entry): boolean {
  return earlier.conditions.every(({ text }) =>
    later.conditions.some((condition) => condition.text === text),
  );
}

function isTie(a: Entry, b: Entry): boolean {
  return (
    a.route.priority === b.route.priority &&
    (a.path.kind === "regex" || a.conditions.length === b.conditions.length)
  );
}

function covers(wide: PathMatcher, narrow: PathMatcher): boolean {
  if (wide.kind === "any") return true;
  if (wide.kind === narrow.kind && describePath(wide) === describePath(narrow)) return true;
  if (narrow.kind === "exact") return matchesPath(wide, narrow.path);
  return wide.kind === "pattern" && narrow.kind === "pattern" && coversTokens(wide.tokens, narrow.tokens);
}

function coversTokens(wide: readonly PathToken[], narrow: readonly PathToken[]): boolean {
  for (const [index, token] of wide.entries()) {
    const other = narrow[index];
    if (token.kind === "rest") return true;
    if (other === undefined || other.kind === "rest" || other.kind === "end")
      return token.kind === other?.kind;
    if (token.kind === "below") return true;
    if (token.kind === "start") return "text" in other && other.text.startsWith(token.text);
    if (token.kind === "param" ? !isFilled(other) : !isSameLiteral(token, other)) return false;
  }
  return false;
}

function isFilled(token: PathToken): boolean {
  return token.kind === "param" || (token.kind === "literal" && token.text !== "");
}

function isSameLiteral(token: PathToken, other: PathToken): boolean {
  return token.kind === "literal" && other.kind === "literal" && token.text === other.text;
}

function unreachable(entry: Entry, earlier: Entry): RouteAmbiguity {
  const [route, other] = [entry.route.name, earlier.route.name];
  const text = `"${route}" gets no request for ${placeOf(entry)}, because "${other}" goes first and takes them all; remove one or give it another condition`;
  return { kind: "unreachable", route, other, text };
}

function orderDecides(entry: Entry, earlier: Entry): RouteAmbiguity {
  const [route, other] = [entry.route.name, earlier.route.name];
  const text = `"${other}" and "${route}" may both match a request for ${placeOf(entry)}, and only their order decides; give one a priority`;
  return { kind: "order-decides", route, other, text };
}

function placeOf(entry: Entry): string {
  return `host ${describeHost(entry.host)}, ${entry.path.kind === "any" ? "" : "path "}${describePath(entry.path)}`;
}

/** One warning per pair of routes and kind. */
function add(found: Map<string, RouteAmbiguity>, ambiguity: RouteAmbiguity): void {
  const key = JSON.stringify([ambiguity.kind, ambiguity.route, ambiguity.other]);
  if (!found.has(key)) found.set(key, ambiguity);
}
