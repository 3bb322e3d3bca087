/** From anything a user may have written to a finished Config, or to all that is wrong with it. */
import { finishConfig } from "./finish.ts";
import { formatPath, nowhere, type ConfigIssue, type Origin, type Path } from "./issue.ts";
import { rules } from "./rules/all.ts";
import { runRules } from "./rules/rule.ts";
import { salvage } from "./salvage.ts";
import { configSchema, type Config, type ConfigInput } from "./schema.ts";
import { issuesFromSchema } from "./schema-issues.ts";

export type ParseResult =
  | { readonly config: Config; readonly warnings: readonly ConfigIssue[] }
  | { readonly issues: readonly ConfigIssue[] };

/**
 * Checks `input` against the schema and the rules that span fields, fills in defaults and freezes the
 * result. Never throws for what the user wrote: every problem found is in `issues`, in the order of
 * the source. `known` are places already reported; nothing more is said of them.
 */
export function parseConfig(
  input: unknown,
  origin: Origin = nowhere("defineConfig"),
  known: readonly Path[] = [],
): ParseResult {
  const given = input ?? {};
  const result = configSchema.safeParse(given);
  if (result.success) {
    const config = finishConfig(result.data);
    const findings = runRules(rules, config, given, origin, (path) => path);
    return findings.some((issue) => issue.severity === "error")
      ? { issues: inOrder(findings) }
      : { config, warnings: inOrder(findings) };
  }
  const issues = issuesFromSchema(result.error.issues, given, origin).filter(
    (issue) => !isKnown(issue, known),
  );
  const rest = salvage(given);
  const findings =
    rest === null
      ? []
      : runRules(rules, finishConfig(rest.parsed), given, origin, (path) => rest.originalPath(path));
  return { issues: inOrder([...issues, ...withoutBlamed(findings, issues)]) };
}

/** Gives completion and compile-time checks to a configuration written in TypeScript. Changes nothing. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

function isKnown(issue: ConfigIssue, known: readonly Path[]): boolean {
  return known.some((path) => formatPath(path) === formatPath(issue.path));
}

/** A finding about a place that is mistaken, or that holds one, may only be a consequence of it. */
function withoutBlamed(findings: readonly ConfigIssue[], issues: readonly ConfigIssue[]): ConfigIssue[] {
  const mistaken = issues.map((issue) => formatPath(issue.path));
  return findings.filter((finding) => {
    const place = formatPath(finding.path);
    if (place === "" && issues.length > 0) return false;
    return !mistaken.some((path) => isWithin(path, place) || isWithin(place, path));
  });
}

function isWithin(outer: string, inner: string): boolean {
  return inner === outer || (inner.startsWith(outer) && /^[.[]/.test(inner.slice(outer.length)));
}

/** By place in the source, file by file in the order they appear; what has no place comes last. */
function inOrder(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const files = [...new Set(issues.map((issue) => issue.location?.source))];
  const key = (issue: ConfigIssue): number[] => [
    issue.location === null ? 1 : 0,
    files.indexOf(issue.location?.source),
    issue.location?.line ?? 0,
    issue.location?.column ?? 0,
  ];
  return issues.toSorted((a, b) => {
    const other = key(b);
    return (
      key(a)
        .map((value, index) => value - (other[index] ?? 0))
        .find((difference) => difference !== 0) ?? 0
    );
  });
}
