/** Writes issues for people: the place, the line with a caret, what was found, allowed and meant. */
import type { ConfigIssue, SourceLocation } from "./issue.ts";

/** Characters of an over-long line that are shown around the caret. */
const lineLengthMax = 120;

/**
 * All issues as one text without colours, each followed by an empty line, then a count:
 *
 *     headgate.yaml:4:13: error: pools.app.policy is wrong
 *        4 |     policy: least_conn
 *          |             ^^^^^^^^^^
 *       found 'least_conn'; allowed is round-robin, least-request, …
 *       did you mean 'least-request'?
 */
export function renderIssues(issues: readonly ConfigIssue[]): string {
  if (issues.length === 0) return "";
  return `${issues.map(renderIssue).join("\n\n")}\n\n${countText(issues)}\n`;
}

function renderIssue(issue: ConfigIssue): string {
  const { location } = issue;
  const lines = [`${placeText(location)}${issue.severity}: ${issue.message}`];
  if (location !== null && location.lineText !== "") lines.push(...excerpt(location));
  const facts = [
    issue.found === null ? null : `found ${issue.found}`,
    issue.allowed === null ? null : `allowed is ${issue.allowed}`,
  ];
  const factText = facts.filter((fact) => fact !== null).join("; ");
  if (factText !== "") lines.push(`  ${factText}`);
  if (issue.suggestion !== null) lines.push(`  did you mean '${issue.suggestion}'?`);
  return lines.join("\n");
}

function placeText(location: SourceLocation | null): string {
  if (location === null) return "";
  return location.line === 0
    ? `${location.source}: `
    : `${location.source}:${location.line}:${location.column}: `;
}

function excerpt(location: SourceLocation): string[] {
  const from = location.column + location.length > lineLengthMax ? Math.max(0, location.column - 40) : 0;
  const shown = location.lineText.slice(from, from + lineLengthMax);
  const number = String(location.line).padStart(4);
  // Tabs are kept, so that the caret stands under its character whatever their width.
  const before = shown.slice(0, location.column - 1 - from).replace(/[^\t]/g, " ");
  const caret = "^".repeat(Math.max(1, Math.min(location.length, shown.length - before.length)));
  return [`${number} | ${shown}`, `     | ${before}${caret}`];
}

function countText(issues: readonly ConfigIssue[]): string {
  const errors = issues.filter((issue) => issue.severity === "error").length;
  const warnings = issues.length - errors;
  const parts = [plural(errors, "error"), plural(warnings, "warning")].filter((part) => part !== null);
  return parts.join(", ");
}

function plural(count: number, word: string): string | null {
  return count === 0 ? null : `${count} ${word}${count === 1 ? "" : "s"}`;
}
