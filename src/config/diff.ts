/**
 * What differs between two configurations, derived from the schema: named entries are compared by
 * name, everything else by value, so a field that is added to the schema cannot be forgotten here.
 */
import { formatPath, type Path, type PathStep } from "./issue.ts";
import type { ReloadEffect } from "./field.ts";
import { configSchema, type Config } from "./schema.ts";
import { describe, stepInto, type Described } from "./schema-walk.ts";
import { treeAsWritten } from "./written.ts";

export interface Change {
  readonly kind: "added" | "removed" | "changed" | "reordered";
  /** Named entries stand by their name: `listeners[":8080"].limits.headBytes`. */
  readonly path: Path;
  /** As the program holds it; undefined when there was or is none. */
  readonly before: unknown;
  readonly after: unknown;
  /** In one line, as users write it; empty when there was or is none. */
  readonly beforeText: string;
  readonly afterText: string;
  readonly effect: ReloadEffect;
  /** What becomes of what was being served; null when nothing is dropped. */
  readonly dropped: string | null;
}

const dropSentences: Readonly<Record<ReloadEffect, string | null>> = {
  live: null,
  rebind: "the listener is bound anew; connections to the old address are drained and closed",
  reconnect: "pooled connections are replaced; requests in flight finish",
  restart: "takes effect only when the program is started again",
};

/** Every change from `before` to `after`, in the schema's order; empty when they are the same. */
export function diffConfig(before: Config, after: Config): Change[] {
  const changes: Change[] = [];
  compare({ described: describe(configSchema), path: [], effect: "live" }, before, after, changes);
  return changes;
}

interface Place {
  readonly described: Described | null;
  readonly path: Path;
  /** Of the nearest field around that says one. */
  readonly effect: ReloadEffect;
}

function compare(place: Place, before: unknown, after: unknown, changes: Change[]): void {
  if (Object.is(before, after)) return;
  const identity = place.described?.notes.identity;
  if (identity !== undefined && Array.isArray(before) && Array.isArray(after)) {
    compareNamed(place, byName(before, identity), byName(after, identity), changes);
  } else if (isSection(before) && isSection(after) && place.described?.notes.valueKind === undefined) {
    const order = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of order) compareEntry(place, key, before[key], after[key], changes);
  } else if (!isSame(before, after)) {
    changes.push(
      changeAt(
        place,
        before === undefined || before === null
          ? "added"
          : after === undefined || after === null
            ? "removed"
            : "changed",
        before,
        after,
      ),
    );
  }
}

function compareEntry(place: Place, key: string, before: unknown, after: unknown, changes: Change[]): void {
  compare(below(place, key), before, after, changes);
}

/** Entries of a list by their names; where two share one, by name and number. */
function byName(list: readonly unknown[], identity: string): Map<string, unknown> {
  const named = new Map<string, unknown>();
  for (const entry of list) {
    const name = String((entry as Record<string, unknown>)[identity]);
    let unique = name;
    for (let number = 2; named.has(unique); number++) unique = `${name}#${number}`;
    named.set(unique, entry);
  }
  return named;
}

function compareNamed(
  place: Place,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  changes: Change[],
): void {
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    compare({ ...below(place, 0), path: [...place.path, name] }, before.get(name), after.get(name), changes);
  }
  const kept = [...before.keys()].filter((name) => after.has(name));
  const keptAfter = [...after.keys()].filter((name) => before.has(name));
  if (!isSame(kept, keptAfter)) changes.push(changeAt(place, "reordered", kept, keptAfter));
}

function below(place: Place, step: PathStep): Place {
  const inner = place.described === null ? null : stepInto(place.described.shape, step);
  const described =
    inner === null ? null : { ...inner, notes: { removal: place.described?.notes.removal, ...inner.notes } };
  return {
    described: described as Described | null,
    path: [...place.path, step],
    effect: inner?.notes.reload ?? place.effect,
  };
}

function changeAt(place: Place, kind: Change["kind"], before: unknown, after: unknown): Change {
  const removal = kind === "removed" && isSection(before) ? place.described?.notes.removal : undefined;
  const isNewSection = kind === "added" && isSection(after);
  const dropped = removal ?? (isNewSection ? null : dropSentences[place.effect]);
  return {
    kind,
    path: place.path,
    before,
    after,
    beforeText: textOf(before, place),
    afterText: textOf(after, place),
    effect: place.effect,
    dropped,
  };
}

function textOf(value: unknown, place: Place): string {
  if (value === undefined || value === null) return "";
  const written = treeAsWritten(value, place.described);
  if (isSection(written)) return "…";
  return typeof written === "string" ? written : (JSON.stringify(written) ?? "");
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Equal by content; functions are equal only to themselves. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (
    typeof a !== "object" ||
    typeof b !== "object" ||
    a === null ||
    b === null ||
    Array.isArray(a) !== Array.isArray(b)
  )
    return false;
  const left = Object.entries(a);
  return (
    left.length === Object.keys(b).length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && isSame(value, (b as Record<string, unknown>)[key]))
  );
}

/** The changes for people, one a line, with what each drops. */
export function renderDiff(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing changes\n";
  const signs = { added: "+", removed: "-", changed: "~", reordered: "↕" } as const;
  const lines = changes.map((change) => {
    const values =
      change.kind === "changed" ? `: ${change.beforeText} → ${change.afterText}` : valueText(change);
    return `${signs[change.kind]} ${formatPath(change.path)}${values}${change.dropped === null ? "" : `\n    ${change.dropped}`}`;
  });
  return `${lines.join("\n")}\n`;
}

function valueText(change: Change): string {
  const text =
    change.kind === "added" ? change.afterText : change.kind === "removed" ? change.beforeText : "";
  return text === "" || text === "…" ? "" : `: ${text}`;
}
