/**
 * One path as a route names it: any, exact, a pattern of segments, or a regular expression. Works on
 * the normal form of `path-reading.ts`. Comparing many at once is `path-trie.ts`.
 */
import { canonicalSpecPath } from "./path-reading.ts";
import { captureRegex, compileRegex, describeRegex, regexCaptureNames } from "./regex.ts";
import type { PathSpec, ProblemSink } from "./route-spec.ts";

/**
 * What a pattern is made of. `literal` and `param` stand for one whole segment; the other four end a
 * pattern: `start` (text begins the segment, anything follows), `end` (nothing more), `below` (at
 * least one more slash), `rest` (anything or nothing more).
 */
export type PathToken =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "start"; readonly text: string }
  | { readonly kind: "param"; readonly name: string }
  | { readonly kind: "end" }
  | { readonly kind: "below" }
  | { readonly kind: "rest"; readonly name: string };

export type PathMatcher =
  | { readonly kind: "exact"; readonly path: string }
  | { readonly kind: "pattern"; readonly tokens: readonly PathToken[]; readonly text: string }
  | { readonly kind: "regex"; readonly regex: RegExp }
  | { readonly kind: "any" };

export const anyPath: PathMatcher = { kind: "any" };

/** More segments than this in one pattern are a mistake. */
const segmentsMax = 256;

export function compilePath(spec: PathSpec, field: string, sink: ProblemSink): PathMatcher {
  if (typeof spec === "string") {
    if (spec === "*") return { kind: "exact", path: "*" };
    return checked(spec, field, sink) ? compileText(spec, field, sink) : anyPath;
  }
  if ("regex" in spec) return { kind: "regex", regex: compileRegex(spec, field, sink) };
  const raw = "exact" in spec ? spec.exact : "prefix" in spec ? spec.prefix : spec.startsWith;
  if (!checked(raw, field, sink)) return anyPath;
  const path = canonicalSpecPath(raw);
  if ("exact" in spec) return { kind: "exact", path };
  if ("prefix" in spec) return prefixPattern(path);
  return startPattern(path);
}

/** Reports what no path can be and no reading of one can reach. */
function checked(path: string, field: string, sink: ProblemSink): boolean {
  const before = { problem: "", fix: null as string | null };
  if (!path.startsWith("/")) Object.assign(before, { problem: "must begin with a slash", fix: `/${path}` });
  else if (/[?#]/.test(path))
    Object.assign(before, { problem: "must be a path alone", fix: path.replace(/[?#].*$/s, "") });
  else if (path.includes("//"))
    Object.assign(before, { problem: "has an empty segment", fix: path.replaceAll(/\/{2,}/g, "/") });
  else if (/\/\.{1,2}(?:\/|$)/.test(canonicalSpecPath(path))) before.problem = "has a dot segment";
  else if (path.split("/").length > segmentsMax) before.problem = `has more than ${segmentsMax} segments`;
  if (before.problem === "") return true;
  sink.report(field, `the path "${path}" ${before.problem}`, before.fix);
  return false;
}

function compileText(spec: string, field: string, sink: ProblemSink): PathMatcher {
  const segments = spec.slice(1).split("/");
  if (segments.every((segment) => !segment.startsWith(":") && !segment.includes("*"))) {
    return { kind: "exact", path: canonicalSpecPath(spec) };
  }
  const names = new Set<string>();
  const tokens: PathToken[] = [];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const token = compileSegment(segment, isLast);
    if (token === null) {
      sink.report(
        field,
        `the segment "${segment}" of "${spec}" is not one a pattern may have; use a regular expression`,
      );
      return anyPath;
    }
    if ("name" in token && names.has(token.name)) sink.report(field, `"${spec}" names "${token.name}" twice`);
    if ("name" in token) names.add(token.name);
    tokens.push(token);
    if (isLast && (token.kind === "literal" || token.kind === "param")) tokens.push({ kind: "end" });
  }
  return { kind: "pattern", tokens, text: describeTokens(tokens) };
}

/** Null when the segment has a wildcard where none may be. */
function compileSegment(segment: string, isLast: boolean): PathToken | null {
  if (segment.startsWith(":"))
    return /^:[A-Za-z_]\w*$/.test(segment) ? { kind: "param", name: segment.slice(1) } : null;
  if (!segment.includes("*")) return { kind: "literal", text: canonicalSpecPath(segment) };
  if (!isLast) return null;
  if (/^\*(?:[A-Za-z_]\w*)?$/.test(segment)) return { kind: "rest", name: segment.slice(1) || "rest" };
  return segment.indexOf("*") === segment.length - 1
    ? { kind: "start", text: canonicalSpecPath(segment.slice(0, -1)) }
    : null;
}

/** `/api` and `/api/`: the path itself and all below. */
function prefixPattern(path: string): PathMatcher {
  const segments = path.replace(/\/$/, "").split("/").slice(1);
  const tokens = [...segments.map(literal), { kind: "rest", name: "rest" } as const];
  return { kind: "pattern", tokens, text: describeTokens(tokens) };
}

/** Characters alone count: `/img` holds `/img.png`; `/api/` does not hold `/api`. */
function startPattern(path: string): PathMatcher {
  const segments = path.split("/").slice(1);
  const text = segments.pop() ?? "";
  const last: PathToken = text === "" ? { kind: "below" } : { kind: "start", text };
  const tokens = [...segments.map(literal), last];
  return { kind: "pattern", tokens, text: describeTokens(tokens) };
}

function literal(text: string): PathToken {
  return { kind: "literal", text };
}

/** Equal for patterns that match alike: names are left out. */
function describeTokens(tokens: readonly PathToken[]): string {
  const words = { param: "/:", end: "", below: "/…", rest: "/*" } as const;
  return tokens
    .map((token) => {
      if (token.kind === "literal") return `/${token.text}`;
      return token.kind === "start" ? `/${token.text}*` : words[token.kind];
    })
    .join("");
}

/** `path` is in normal form. */
export function matchesPath(matcher: PathMatcher, path: string): boolean {
  switch (matcher.kind) {
    case "any":
      return true;
    case "exact":
      return path === matcher.path;
    case "pattern":
      return walkPattern(matcher.tokens, path, null);
    case "regex":
      return matcher.regex.test(path);
  }
}

/** Puts the parts that the matcher names into `captures`; a rest comes without its leading slash. */
export function capturePath(matcher: PathMatcher, path: string, captures: Map<string, string>): void {
  if (matcher.kind === "pattern") walkPattern(matcher.tokens, path, captures);
  else if (matcher.kind === "regex") captureRegex(matcher.regex, path, captures);
}

export function pathCaptureNames(matcher: PathMatcher): readonly string[] {
  if (matcher.kind === "regex") return regexCaptureNames(matcher.regex);
  return matcher.kind === "pattern"
    ? matcher.tokens.flatMap((token) => ("name" in token ? [token.name] : []))
    : [];
}

export function describePath(matcher: PathMatcher): string {
  switch (matcher.kind) {
    case "any":
      return "any path";
    case "exact":
      return matcher.path;
    case "pattern":
      return matcher.text;
    case "regex":
      return describeRegex(matcher.regex);
  }
}

/** `at` is where a segment begins; past the end of the path when there are no more. */
function walkPattern(
  tokens: readonly PathToken[],
  path: string,
  captures: Map<string, string> | null,
): boolean {
  if (path.charCodeAt(0) !== 0x2f) return false;
  let at = 1;
  for (const token of tokens) {
    const isOver = at > path.length;
    if (token.kind === "end") return isOver;
    if (token.kind === "rest") {
      captures?.set(token.name, isOver ? "" : path.slice(at));
      return true;
    }
    if (isOver) return false;
    if (token.kind === "below") return true;
    if (token.kind === "start") return path.startsWith(token.text, at);
    const end = segmentEnd(path, at);
    if (token.kind === "param") {
      if (end === at) return false;
      captures?.set(token.name, path.slice(at, end));
    } else if (end - at !== token.text.length || !path.startsWith(token.text, at)) return false;
    at = end + 1;
  }
  return false;
}

export function segmentEnd(path: string, at: number): number {
  const end = path.indexOf("/", at);
  return end === -1 ? path.length : end;
}
