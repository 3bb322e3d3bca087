/**
 * All paths of one host: per priority a map of exact paths, a tree of patterns, and two ordered lists
 * for regular expressions and for routes without a path.
 */
import { PathTrie } from "./path-trie.ts";
import type { RequestFacts } from "./request-facts.ts";
import { firstPassing, type RouteEntry } from "./route-entry.ts";

interface PathTier<T> {
  readonly priority: number;
  readonly exact: Map<string, RouteEntry<T>[]>;
  readonly patterns: PathTrie<T>;
  readonly regexes: { readonly regex: RegExp; readonly entry: readonly [RouteEntry<T>] }[];
  readonly any: RouteEntry<T>[];
}

export class PathIndex<T> {
  readonly #tiers: PathTier<T>[] = [];

  /** Entries must come in order of precedence, so tiers come highest first. */
  add(entry: RouteEntry<T>): void {
    const tier = this.#tierFor(entry.route.priority);
    switch (entry.path.kind) {
      case "exact": {
        const entries = tier.exact.get(entry.path.path);
        if (entries === undefined) tier.exact.set(entry.path.path, [entry]);
        else entries.push(entry);
        break;
      }
      case "pattern":
        tier.patterns.add(entry.path.tokens, entry);
        break;
      case "regex":
        tier.regexes.push({ regex: entry.path.regex, entry: [entry] });
        break;
      case "any":
        tier.any.push(entry);
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
    const tier: PathTier<T> = { priority, exact: new Map(), patterns: new PathTrie(), regexes: [], any: [] };
    this.#tiers.push(tier);
    return tier;
  }
}

function findInTier<T>(tier: PathTier<T>, facts: RequestFacts, path: string): RouteEntry<T> | null {
  const exact = tier.exact.size > 0 ? tier.exact.get(path) : undefined;
  let found = exact === undefined ? null : firstPassing(exact, facts, path);
  found ??= tier.patterns.find(facts, path);
  if (found !== null) return found;
  for (const { regex, entry } of tier.regexes) {
    found = regex.test(path) ? firstPassing(entry, facts, path) : null;
    if (found !== null) return found;
  }
  return firstPassing(tier.any, facts, path);
}
