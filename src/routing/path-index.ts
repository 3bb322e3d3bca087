/**
 * All paths of one host: per priority a map of exact paths, a tree of patterns, and two ordered lists
 * for regular expressions and for routes without a path.
 */
import { PathTrie } from "./path-trie.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import { firstPassing, type RouteEntry } from "./route-entry.ts";

/** What a host does not have is null: with ten thousand hosts most have one route each. */
interface PathTier<T> {
  readonly priority: number;
  exact: Map<string, RouteEntry<T>[]> | null;
  patterns: PathTrie<T> | null;
  regexes: { readonly regex: RegExp; readonly entry: readonly [RouteEntry<T>] }[] | null;
  any: RouteEntry<T>[] | null;
}

export class PathIndex<T> {
  readonly #tiers: PathTier<T>[] = [];

  /** Entries must come in order of precedence, so tiers come highest first. */
  add(entry: RouteEntry<T>): void {
    const tier = this.#tierFor(entry.route.priority);
    switch (entry.path.kind) {
      case "exact":
        tier.exact ??= new Map<string, RouteEntry<T>[]>();
        addExact(tier.exact, entry.path.path, entry);
        break;
      case "pattern":
        (tier.patterns ??= new PathTrie()).add(entry.path.tokens, entry);
        break;
      case "regex":
        (tier.regexes ??= []).push({ regex: entry.path.regex, entry: [entry] });
        break;
      case "any":
        (tier.any ??= []).push(entry);
    }
  }

  find(facts: RequestFacts, path: string): RouteEntry<T> | null {
    for (const tier of this.#tiers) {
      const found = findInTier(tier, facts, path);
      if (found !== null) return found;
    }
    return null;
  }

  #tierFor(priority: number): PathTier<T> {
    const last = this.#tiers.at(-1);
    if (last?.priority === priority) return last;
    const tier: PathTier<T> = { priority, exact: null, patterns: null, regexes: null, any: null };
    this.#tiers.push(tier);
    return tier;
  }
}

function addExact<T>(exact: Map<string, RouteEntry<T>[]>, path: string, entry: RouteEntry<T>): void {
  const entries = exact.get(path);
  if (entries === undefined) exact.set(path, [entry]);
  else entries.push(entry);
}

function findInTier<T>(tier: PathTier<T>, facts: RequestFacts, path: string): RouteEntry<T> | null {
  const exact = tier.exact?.get(path);
  let found = exact === undefined ? null : firstPassing(exact, facts, path);
  if (found === null && tier.patterns !== null) found = tier.patterns.find(facts, path);
  if (found === null && tier.regexes !== null) found = findRegex(tier.regexes, facts, path);
  if (found === null && tier.any !== null) found = firstPassing(tier.any, facts, path);
  return found;
}

function findRegex<T>(
  regexes: PathTier<T>["regexes"] & {},
  facts: RequestFacts,
  path: string,
): RouteEntry<T> | null {
  for (const { regex, entry } of regexes) {
    const found = regex.test(path) ? firstPassing(entry, facts, path) : null;
    if (found !== null) return found;
  }
  return null;
}
