/** Turns what zod says into Headgate's issues: one per mistake, with what was found, allowed and meant. */
import type * as z from "zod";
import type { LeafProblem } from "./field.ts";
import { formatPath, nearestLocation } from "./issue.ts";
import type { ConfigIssue, Origin, Path, PathStep, SourceLocation } from "./issue.ts";
import { meantKey } from "./foreign-words.ts";
import { nearestWord } from "../core/nearest-word.ts";
import { describeAt } from "./schema-walk.ts";

type Issue = z.core.$ZodIssue;

/** Every mistake in `input` that `issues` tells of, in zod's order. */
export function issuesFromSchema(issues: readonly Issue[], input: unknown, origin: Origin): ConfigIssue[] {
  return withoutEchoes(issues.flatMap((issue) => convert(issue, [], input, origin)));
}

/** A key that is missing because it was misspelt is one mistake, not two. */
function withoutEchoes(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const meant = new Set(
    issues
      .filter((issue) => issue.code === "unknown-key")
      .map((issue) => formatPath([...issue.path.slice(0, -1), issue.suggestion ?? ""])),
  );
  return issues.filter((issue) => issue.code !== "missing" || !meant.has(formatPath(issue.path)));
}

function convert(issue: Issue, base: Path, input: unknown, origin: Origin): ConfigIssue[] {
  const path = [...base, ...(issue.path as PathStep[])];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], input, origin));
    case "invalid_union":
      return convertUnion(issue, path, input, origin);
    case "custom":
      return [wrongValue(path, input, origin, leafProblem(issue), issue.message)];
    case "invalid_type":
      return [
        wrongValue(
          path,
          input,
          origin,
          { allowed: typeNames[issue.expected] ?? issue.expected },
          issue.message,
        ),
      ];
    case "invalid_key":
      return [badKey(path, origin, issue)];
    default:
      return [wrongValue(path, input, origin, undefined, issue.message)];
  }
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a section (keys and values)",
  record: "a section (names and values)",
  array: "a list",
  string: "a text",
  number: "a number",
  boolean: "true or false",
};

/** Follows the one spelling that the value was meant to be; names all of them when none is near. */
function convertUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: Path,
  input: unknown,
  origin: Origin,
): ConfigIssue[] {
  const branch = nearestBranch(issue.errors);
  if (branch !== null) return branch.flatMap((inner) => convert(inner, path, input, origin));
  if ("discriminator" in issue && typeof issue.discriminator === "string")
    return [wrongDiscriminator(path, issue.discriminator, input, origin)];
  const spellings = issue.errors.flat().map((inner) => allowedBy(inner));
  const allowed =
    describeAt(path).allowed ?? [...new Set(spellings.filter((spelling) => spelling !== null))].join(", or ");
  return [wrongValue(path, input, origin, { allowed }, "")];
}

/** The spelling that fits best, if one fits better than all others. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const near = branches
    .filter((branch) => !branch.some(isWrongTypeAtRoot))
    .toSorted((a, b) => distance(a) - distance(b));
  const [first, second] = near;
  return first !== undefined && (second === undefined || distance(first) < distance(second)) ? first : null;
}

/** Keys that a spelling does not know weigh more than values it does not like. */
function distance(branch: readonly Issue[]): number {
  return branch.reduce(
    (sum, issue) => sum + (issue.code === "unrecognized_keys" ? 2 * issue.keys.length : 1),
    0,
  );
}

/** What the leaf that refused a value said; undefined when it was not a leaf. */
function leafProblem(issue: Issue): LeafProblem | undefined {
  return issue.code === "custom" ? (issue.params?.["leaf"] as LeafProblem | undefined) : undefined;
}

function allowedBy(issue: Issue): string | null {
  if (issue.code === "invalid_type") return typeNames[issue.expected] ?? issue.expected;
  return leafProblem(issue)?.allowed ?? null;
}

function isWrongTypeAtRoot(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === "invalid_type") return true;
  if (issue.code === "invalid_union")
    return issue.errors.length > 0 && issue.errors.every((branch) => branch.some(isWrongTypeAtRoot));
  return issue.code === "custom" && leafProblem(issue)?.isWrongType === true;
}

function wrongDiscriminator(path: Path, key: string, input: unknown, origin: Origin): ConfigIssue {
  const { discriminators, described } = describeAt(path.at(-1) === key ? path.slice(0, -1) : path);
  const full = path.at(-1) === key ? path : [...path, key];
  const found = valueAt(input, full);
  const meant =
    typeof found === "string"
      ? (described?.notes.synonyms?.[found.toLowerCase()] ?? nearestWord(found, discriminators))
      : null;
  return wrongValue(full, input, origin, { allowed: discriminators.join(", "), suggestion: meant }, "");
}

function unknownKey(path: Path, input: unknown, origin: Origin): ConfigIssue {
  const key = String(path.at(-1));
  const section = path.slice(0, -1);
  const keys = describeAt(section, input).keys;
  return {
    severity: "error",
    code: "unknown-key",
    path,
    message: `${section.length === 0 ? "the configuration" : formatPath(section)} has no key '${key}'`,
    found: null,
    allowed: keys.join(", "),
    suggestion: meantKey(key, keys),
    location: nearestLocation(origin, path, "key"),
  };
}

function badKey(path: Path, origin: Origin, issue: Extract<Issue, { code: "invalid_key" }>): ConfigIssue {
  const inner = issue.issues[0];
  const problem = inner === undefined ? undefined : leafProblem(inner);
  const key = String(path.at(-1));
  return {
    severity: "error",
    code: "wrong-key",
    path,
    message: problem?.reason ?? `'${key}' cannot be a name here`,
    found: showValue(key),
    allowed: problem?.allowed ?? "a name of letters, digits, hyphens, dots and underscores",
    suggestion: problem?.suggestion ?? null,
    location: nearestLocation(origin, path, "key"),
  };
}

function wrongValue(
  path: Path,
  input: unknown,
  origin: Origin,
  problem: LeafProblem | undefined,
  fallback: string,
): ConfigIssue {
  const value = valueAt(input, path);
  const isMissing = value === undefined;
  const what = formatPath(path) || "the configuration";
  const reason = isMissing
    ? "is missing"
    : value === null
      ? "has no value"
      : problem?.reason !== undefined
        ? `is wrong: ${problem.reason}`
        : problem === undefined
          ? fallback
          : "is wrong";
  return {
    severity: "error",
    code: isMissing ? "missing" : "wrong-value",
    path,
    message: `${what} ${reason}`,
    found: isMissing ? null : showValue(value),
    allowed: problem?.allowed ?? null,
    suggestion: isMissing ? null : (problem?.suggestion ?? null),
    location: placeOf(path, value, origin, problem),
  };
}

/** A section is pointed at by its key, a text by its wrong part, what is missing by what should have it. */
function placeOf(
  path: Path,
  value: unknown,
  origin: Origin,
  problem: LeafProblem | undefined,
): SourceLocation {
  const isSection = typeof value === "object" && value !== null;
  const place = partOf(origin.locate(path, isSection ? "key" : "value"), value, problem?.at);
  return place ?? nearestLocation(origin, path, "value");
}

/** Narrows a place to the wrong part of a text, where the text stands in the line as it is. */
function partOf(
  location: SourceLocation | null,
  value: unknown,
  at: LeafProblem["at"],
): SourceLocation | null {
  if (location === null || at === undefined || typeof value !== "string") return location;
  const start = location.lineText.indexOf(value, location.column - 1);
  return start < 0 ? location : { ...location, column: start + at.offset + 1, length: at.length };
}

/** The part of `input` at `path`; undefined when there is none. */
export function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PathStep, unknown>)[step];
  }
  return value;
}

/** A value in one short line, without the passwords that URLs may hold. */
export function showValue(value: unknown): string {
  if (value === null) return "nothing";
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object")
    return `a section with ${Object.keys(value).slice(0, 4).join(", ") || "nothing in it"}`;
  const text = JSON.stringify(value) ?? typeof value;
  const written = typeof value === "string" ? `'${text.slice(1, -1).replaceAll('\\"', '"')}'` : text;
  const safe = written.replace(/(:\/\/[^/\s:@]*):[^/\s@]*@/, "$1:…@");
  return safe.length > 80 ? `${safe.slice(0, 77)}…` : safe;
}
