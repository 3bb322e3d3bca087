/** Issues, changes, revisions and reloads as the API shows them. Secrets never pass: texts are as users write them. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { Change } from "../../config/diff.ts";
import { type ConfigIssue, formatPath } from "../../config/issue.ts";
import type { EndpointDrift } from "../../runtime/drift.ts";
import type { ReloadOutcome, ReloadRecord } from "../../runtime/reloader.ts";
import type { ChangeOrigin, Revision } from "../../runtime/revisions.ts";

export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

export function issueDocument(issue: ConfigIssue): NonNullable<AdminDocument<"Problem">["issues"]>[number] {
  const { severity, code, message, found, allowed, suggestion, location } = issue;
  return {
    severity,
    code,
    path: formatPath(issue.path),
    message,
    found,
    allowed,
    suggestion,
    location:
      location === null ? null : { source: location.source, line: location.line, column: location.column },
  };
}

export function changeDocument(change: Change): AdminDocument<"Changes">["changes"][number] {
  const { kind, path, beforeText, afterText, effect, dropped } = change;
  return { kind, path: formatPath(path), before: beforeText, after: afterText, effect, dropped };
}

export function revisionDocument(revision: Revision, current: number): AdminDocument<"Revision"> {
  const { number, wallMs, origin, changes, restores } = revision;
  return {
    number,
    time: isoTime(wallMs),
    origin: originDocument(origin),
    changes: changes.map(changeDocument),
    restores,
    isCurrent: number === current,
  };
}

function originDocument({ way, by, note = null }: ChangeOrigin): AdminDocument<"Revision">["origin"] {
  return { way, by, note };
}

export function reloadRecordDocument({
  wallMs,
  origin,
  outcome,
}: ReloadRecord): AdminDocument<"Status">["lastReload"] {
  const isRefused = outcome.kind === "refused";
  return {
    time: isoTime(wallMs),
    origin: originDocument(origin),
    outcome: outcome.kind,
    reason: isRefused ? outcome.reason : null,
    issues: (isRefused ? outcome.issues : outcome.warnings).map(issueDocument),
  };
}

export function reloadedDocument(
  outcome: Exclude<ReloadOutcome, { kind: "refused" }>,
): AdminDocument<"Reloaded"> {
  return {
    outcome: outcome.kind,
    revision: outcome.revision,
    changes: outcome.changes.map(changeDocument),
    warnings: outcome.warnings.map(issueDocument),
    kept: outcome.kept.map(endpointName),
    replaced: outcome.replaced.map(endpointName),
  };
}

/** `pool/endpoint`. */
function endpointName({ pool, endpoint }: EndpointDrift): string {
  return `${pool}/${endpoint.name}`;
}
