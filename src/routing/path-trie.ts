/**
 * Path patterns as a tree of segments. A look-up walks the request's segments once and tries at each
 * node, in the order of `precedence.ts`: the literal child, starts of segments, the parameter child,
 * then what may end there. Each node is visited at most once, so the cost is bounded by the patterns
 * that share the path's beginning, not by their number.
 *
 *   /users/:id      (root) ─"users"─► ( ) ─param─► ( ) end
 *   /users/new/*                       └─"new"──► ( ) rest
 */
import { segmentEnd, type PathToken } from "./path-matcher.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import { firstPassing, type RouteEntry } from "./route-entry.ts";

/** Most nodes have one child or one list, so what is absent is null: ten thousand nodes stay in the cache. */
interface TrieNode<T> {
  /** Up to `scanMax` literal children are compared in place, which needs no substring. */
  few: { readonly text: string; readonly node: TrieNode<T> }[] | null;
  /** More than that; `few` is null then. */
  many: Map<string, TrieNode<T>> | null;
  /** Longest first. */
  starts: { readonly text: string; readonly entries: RouteEntry<T>[] }[] | null;
  param: TrieNode<T> | null;
  end: RouteEntry<T>[] | null;
  below: RouteEntry<T>[] | null;
  rest: RouteEntry<T>[] | null;
}

const scanMax = 4;

function emptyNode<T>(): TrieNode<T> {
  return { few: null, many: null, starts: null, param: null, end: null, below: null, rest: null };
}

export class PathTrie<T> {
  readonly #root: TrieNode<T> = emptyNode();

  /** Entries must come in order of precedence. */
  add(tokens: readonly PathToken[], entry: RouteEntry<T>): void {
    let node = this.#root;
    for (const token of tokens) {
      switch (token.kind) {
        case "literal":
          node = literalChild(node, token.text);
          break;
        case "param":
          node = node.param ??= emptyNode();
          break;
        case "start":
          startEntries(node, token.text).push(entry);
          break;
        default:
          (node[token.kind] ??= []).push(entry);
      }
    }
  }

  find(facts: RequestFacts, path: string): RouteEntry<T> | null {
    return path.charCodeAt(0) === 0x2f ? findFrom(this.#root, facts, path, 1) : null;
  }
}

function literalChild<T>(node: TrieNode<T>, text: string): TrieNode<T> {
  const known = node.many?.get(text) ?? node.few?.find((child) => child.text === text)?.node;
  if (known !== undefined) return known;
  const child = emptyNode<T>();
  if (node.many !== null) node.many.set(text, child);
  else (node.few ??= []).push({ text, node: child });
  if (node.few !== null && node.few.length > scanMax) {
    node.many = new Map(node.few.map((few) => [few.text, few.node]));
    node.few = null;
  }
  return child;
}

function startEntries<T>(node: TrieNode<T>, text: string): RouteEntry<T>[] {
  node.starts ??= [];
  const known = node.starts.find((start) => start.text === text);
  if (known !== undefined) return known.entries;
  const entries: RouteEntry<T>[] = [];
  node.starts.push({ text, entries });
  node.starts.sort((a, b) => b.text.length - a.text.length);
  return entries;
}

/** `at` is where the next segment begins; past the end of the path when there is none. */
function findFrom<T>(node: TrieNode<T>, facts: RequestFacts, path: string, at: number): RouteEntry<T> | null {
  if (at > path.length) return firstOf(node.end, facts, path) ?? firstOf(node.rest, facts, path);
  const end = segmentEnd(path, at);
  const child = childFor(node, path, at, end);
  let found = child === null ? null : findFrom(child, facts, path, end + 1);
  if (found === null && node.starts !== null) found = findStart(node.starts, facts, path, at);
  if (found === null && node.param !== null && end > at) found = findFrom(node.param, facts, path, end + 1);
  return found ?? firstOf(node.below, facts, path) ?? firstOf(node.rest, facts, path);
}

function firstOf<T>(
  entries: RouteEntry<T>[] | null,
  facts: RequestFacts,
  path: string,
): RouteEntry<T> | null {
  return entries === null ? null : firstPassing(entries, facts, path);
}

function findStart<T>(
  starts: TrieNode<T>["starts"] & {},
  facts: RequestFacts,
  path: string,
  at: number,
): RouteEntry<T> | null {
  for (const start of starts) {
    const found = path.startsWith(start.text, at) ? firstPassing(start.entries, facts, path) : null;
    if (found !== null) return found;
  }
  return null;
}

function childFor<T>(node: TrieNode<T>, path: string, at: number, end: number): TrieNode<T> | null {
  if (node.many !== null) return node.many.get(path.slice(at, end)) ?? null;
  if (node.few === null) return null;
  for (const { text, node: child } of node.few) {
    if (text.length === end - at && path.startsWith(text, at)) return child;
  }
  return null;
}
