/**
 * All hosts of a table, each with the index of its paths. A host whose paths do not match gives way to
 * the next kind: exact, wildcards from the longest, regular expressions, any.
 */
import type { HostMatcher } from "./host-matcher.ts";
import { PathIndex } from "./path-index.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import type { RouteEntry } from "./route-entry.ts";

export class HostIndex<T> {
  readonly #exact = new Map<string, PathIndex<T>>();
  /** By suffix, with its leading dot. */
  readonly #wildcards = new Map<string, PathIndex<T>>();
  readonly #regexes: { readonly regex: RegExp; readonly paths: PathIndex<T> }[] = [];
  readonly #any = new PathIndex<T>();

  /** Entries must come in order of precedence. */
  add(entry: RouteEntry<T>): void {
    this.#pathsOf(entry.host).add(entry);
  }

  /** `host` is canonical, `path` a reading. */
  find(facts: RequestFacts, host: string, path: string): RouteEntry<T> | null {
    let found: RouteEntry<T> | null = null;
    if (this.#exact.size > 0) found = this.#exact.get(host)?.find(facts, path) ?? null;
    if (found === null && this.#wildcards.size > 0) found = this.#findWildcard(facts, host, path);
    if (found !== null) return found;
    for (const { regex, paths } of this.#regexes) {
      found = regex.test(host) ? paths.find(facts, path) : null;
      if (found !== null) return found;
    }
    return this.#any.find(facts, path);
  }

  #findWildcard(facts: RequestFacts, host: string, path: string): RouteEntry<T> | null {
    for (let dot = host.indexOf(".", 1); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const found = this.#wildcards.get(host.slice(dot))?.find(facts, path) ?? null;
      if (found !== null) return found;
    }
    return null;
  }

  #pathsOf(host: HostMatcher): PathIndex<T> {
    switch (host.kind) {
      case "any":
        return this.#any;
      case "exact":
        return keyed(this.#exact, host.host);
      case "wildcard":
        return keyed(this.#wildcards, host.suffix);
      case "regex": {
        const known = this.#regexes.find(({ regex }) => String(regex) === String(host.regex));
        if (known !== undefined) return known.paths;
        const paths = new PathIndex<T>();
        this.#regexes.push({ regex: host.regex, paths });
        return paths;
      }
    }
  }
}

function keyed<T>(map: Map<string, PathIndex<T>>, key: string): PathIndex<T> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const paths = new PathIndex<T>();
  map.set(key, paths);
  return paths;
}
