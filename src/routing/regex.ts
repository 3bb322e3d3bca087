/**
 * Compiles users' regular expressions and knows their captures. Patterns are the operator's own and are
 * trusted to terminate in time; JavaScript's engine backtracks, so `(a+)+$` on a long path is slow.
 */
import type { ProblemSink, RegexSpec } from "./route-spec.ts";

export function compileRegex(spec: RegexSpec, field: string, sink: ProblemSink): RegExp {
  try {
    return new RegExp(spec.regex, spec.flags ?? "");
  } catch (error) {
    sink.report(field, error instanceof Error ? error.message : "the regular expression is not valid");
    return /(?!)/;
  }
}

/** "1", "2" … for each group, and the names of those that have one. */
export function regexCaptureNames(regex: RegExp): readonly string[] {
  const empty = new RegExp(`${regex.source}|`, regex.flags).exec("");
  const numbers = Array.from({ length: (empty?.length ?? 1) - 1 }, (_, index) => String(index + 1));
  return [...numbers, ...Object.keys(empty?.groups ?? {})];
}

/** Puts what the groups caught, and "0" for the whole match, into `captures`. */
export function captureRegex(regex: RegExp, text: string, captures: Map<string, string>): void {
  const found = regex.exec(text);
  if (found === null) return;
  found.forEach((value, index) => captures.set(String(index), value ?? ""));
  for (const [name, value] of Object.entries(found.groups ?? {})) captures.set(name, value ?? "");
}

/** `regex /x/i`, for messages. */
export function describeRegex(regex: RegExp): string {
  return `regex ${String(regex)}`;
}
