/** How one header, query or cookie value is compared. */
import { compileRegex } from "./regex.ts";
import type { ProblemSink, ValueSpec } from "./route-spec.ts";

export interface ValueMatcher {
  /** Ends a sentence: `is "b"`, `begins with "b"`, `is present`. */
  readonly text: string;
  /** The one value that passes, if there is but one. */
  readonly exact: string | null;
  /** True when a missing value is what is wanted. */
  readonly wantsAbsent: boolean;
  readonly passes: (value: string) => boolean;
}

export function compileValue(spec: ValueSpec, field: string, sink: ProblemSink): ValueMatcher {
  if (typeof spec === "string") return exactMatcher(spec);
  if ("exact" in spec) return exactMatcher(spec.exact);
  if ("prefix" in spec)
    return matcher(`begins with "${spec.prefix}"`, (value) => value.startsWith(spec.prefix));
  if ("suffix" in spec) return matcher(`ends with "${spec.suffix}"`, (value) => value.endsWith(spec.suffix));
  if ("contains" in spec)
    return matcher(`contains "${spec.contains}"`, (value) => value.includes(spec.contains));
  if ("isPresent" in spec) {
    return {
      exact: null,
      text: spec.isPresent ? "is present" : "is absent",
      wantsAbsent: !spec.isPresent,
      passes: () => spec.isPresent,
    };
  }
  const regex = compileRegex(spec, field, sink);
  return matcher(`matches ${String(regex)}`, (value) => regex.test(value));
}

function exactMatcher(exact: string): ValueMatcher {
  return { ...matcher(`is "${exact}"`, (value) => value === exact), exact };
}

function matcher(text: string, passes: (value: string) => boolean): ValueMatcher {
  return { text, exact: null, wantsAbsent: false, passes };
}
