/** What a rule is: a check that spans several fields. One file each; all run, none stops another. */
import { formatPath, nearestLocation, type ConfigIssue, type Origin, type Path } from "../issue.ts";
import { showValue } from "../schema-issues.ts";
import type { Config } from "../schema.ts";

export interface Finding {
  readonly path: Path;
  /** A sentence without the place; the place is put in front of it. */
  readonly message: string;
  /** The value as the user wrote it. */
  readonly found?: unknown;
  readonly allowed?: string;
  readonly suggestion?: string | null;
  /** Whether the name of the place is wrong, not its value. Default `value`. */
  readonly part?: "key" | "value";
}

export interface RuleContext {
  /** Finished; when the input had mistakes, without the mistaken parts. */
  readonly config: Config;
  /** Names the user declared, mistaken ones included, so that a reference to them is not blamed. */
  readonly declared: (section: "pools" | "rateLimits") => readonly string[];
  readonly report: (finding: Finding) => void;
}

export interface Rule {
  /** Stable; the code of its issues. */
  readonly name: string;
  /** `error` refuses the configuration, `warning` tells of what will hurt. */
  readonly severity: "error" | "warning";
  /** One sentence for the documentation. */
  readonly sentence: string;
  check(context: RuleContext): void;
}

/** Runs every rule and gives their findings places in the source. `original` undoes salvage's renumbering. */
export function runRules(
  rules: readonly Rule[],
  config: Config,
  input: unknown,
  origin: Origin,
  original: (path: Path) => Path,
): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const rule of rules) {
    rule.check({
      config,
      declared: (section) => keysOf(input, section),
      report: (finding) => issues.push(issueFrom(rule, finding, original(finding.path), origin)),
    });
  }
  return issues;
}

function keysOf(input: unknown, section: string): readonly string[] {
  const value =
    typeof input === "object" && input !== null ? (input as Record<string, unknown>)[section] : undefined;
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function issueFrom(rule: Rule, finding: Finding, path: Path, origin: Origin): ConfigIssue {
  return {
    severity: rule.severity,
    code: rule.name,
    path,
    message: path.length === 0 ? finding.message : `${formatPath(path)}: ${finding.message}`,
    found: finding.found === undefined ? null : showValue(finding.found),
    allowed: finding.allowed ?? null,
    suggestion: finding.suggestion ?? null,
    location: nearestLocation(origin, path, finding.part ?? "value"),
  };
}
