/** Changes of a configuration, one line each: where, from what, to what, and what that drops. */
import type { AdminDocument } from "../../config/admin-documents.ts";

type Change = AdminDocument<"Changes">["changes"][number];

const shortMax = 8;

export function Changes({
  changes,
  isShort = false,
}: {
  readonly changes: readonly Change[];
  readonly isShort?: boolean;
}) {
  const shown = isShort ? changes.slice(0, shortMax) : changes;
  return (
    <ul class="changes">
      {shown.map((change, place) => (
        <li key={`${place} ${change.path}`} class={`change-${change.kind}`}>
          <code>{change.path}</code>
          <span class="diff">
            {change.before === "" ? null : <del>{change.before}</del>}
            {change.after === "" ? null : <ins>{change.after}</ins>}
            {change.kind === "reordered" ? <span>in another order</span> : null}
          </span>
          {change.dropped === null ? null : <small>{change.dropped}</small>}
        </li>
      ))}
      {shown.length < changes.length ? <li>and {changes.length - shown.length} more</li> : null}
    </ul>
  );
}
