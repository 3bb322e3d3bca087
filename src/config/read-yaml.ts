/**
 * Reads YAML (and JSON, which is a part of it) into plain values and remembers where each stood. Syntax
 * errors and repeated keys become issues; what the values mean is the schema's business.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import type { ConfigIssue, Origin, Path, SourceLocation } from "./issue.ts";

export interface ReadSource {
  readonly value: unknown;
  readonly origin: Origin;
  readonly issues: readonly ConfigIssue[];
}

/** Most aliases followed; more is an attack on memory, not a configuration. */
const aliasesMax = 1000;

/** `source` is what issues call the file. */
export function readYaml(source: string, text: string, isJson = false): ReadSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    merge: true,
    prettyErrors: false,
    version: "1.2",
  });
  const textLines = text.split("\n");
  const place = (from: number, to: number): SourceLocation => locationOf(source, textLines, lines, from, to);
  const issues = document.errors.map((error) => syntaxIssue(error.message, place(...error.pos)));
  if (isJson && issues.length === 0) issues.push(...strictJsonIssues(text, place));
  const origin: Origin = { name: source, locate: (path, part) => locateIn(document, path, part, place) };
  return { value: issues.length > 0 ? null : document.toJS({ maxAliasCount: aliasesMax }), origin, issues };
}

function syntaxIssue(message: string, location: SourceLocation): ConfigIssue {
  const isRepeated = message.startsWith("Map keys must be unique");
  return {
    severity: "error",
    code: isRepeated ? "repeated-key" : "syntax",
    path: [],
    message: isRepeated
      ? `the key '${wordAt(location)}' stands here a second time`
      : `not readable: ${lowerFirst(message.replace(/\.$/, ""))}`,
    found: null,
    allowed: null,
    suggestion: null,
    location,
  };
}

/** What YAML forgives and JSON does not: trailing commas, comments, bare words. */
function strictJsonIssues(text: string, place: Place): ConfigIssue[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = Number(/at position (\d+)/.exec(message)?.[1] ?? text.trimEnd().length - 1);
    return [
      syntaxIssue(
        message.replace(/,? ?(?:"[^]*" is not valid JSON|in JSON at position [^]*|\.\.\.[^]*)$/, ""),
        place(at, at + 1),
      ),
    ];
  }
}

function wordAt({ lineText, column }: SourceLocation): string {
  return /^[^:\s]*/.exec(lineText.slice(column - 1))?.[0] ?? "";
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function locationOf(
  source: string,
  textLines: readonly string[],
  lines: LineCounter,
  from: number,
  to: number,
): SourceLocation {
  const { line, col } = lines.linePos(from);
  const lineText = (textLines[line - 1] ?? "").replace(/\r$/, "");
  const length = Math.max(1, Math.min(to - from, lineText.length - col + 1));
  return { source, line, column: col, length, lineText };
}

type Place = (from: number, to: number) => SourceLocation;

function locateIn(
  document: Document.Parsed,
  path: Path,
  part: "key" | "value",
  place: Place,
): SourceLocation | null {
  let node: unknown = document.contents;
  let key: unknown = null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    key = null;
    if (isMap(node)) {
      const pair = findPair(document, node, String(step));
      if (pair === undefined) return null;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node)) node = node.items[Number(step)];
    else return null;
  }
  const wanted = part === "key" && key !== null ? key : hasRange(node) ? node : key;
  return hasRange(wanted) ? place(wanted.range[0], wanted.range[1]) : null;
}

/** The pair with that key, in the section itself or in one that it merges in with `<<`. */
function findPair(document: Document.Parsed, map: YAMLMap, key: string): Pair | undefined {
  const own = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  if (own !== undefined) return own;
  for (const item of map.items) {
    // The library holds the merge key as a symbol; how it was written tells it best.
    if (!isScalar(item.key) || item.key.source !== "<<") continue;
    const merged = isSeq(item.value) ? item.value.items : [item.value];
    for (const part of merged) {
      const target = isAlias(part) ? part.resolve(document) : part;
      const pair = isMap(target) ? findPair(document, target, key) : undefined;
      if (pair !== undefined) return pair;
    }
  }
  return undefined;
}

/** Sections and lists are pointed at by their first line alone; a value that is absent by its key. */
function hasRange(node: unknown): node is Node & { range: [number, number, number] } {
  return (
    typeof node === "object" &&
    node !== null &&
    "range" in node &&
    Array.isArray(node.range) &&
    (node.range as number[])[1]! > (node.range as number[])[0]!
  );
}
