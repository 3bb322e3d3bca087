/** Writes values of a finished Config the way users write them: `5s`, `16KiB`, `20%`, `unlimited`, `off`. */
import { formatDuration, formatRate, formatShare, formatSize, type Rate } from "../core/units.ts";
import type { StatusRange } from "./texts.ts";
import { stepInto, type Described, type Notes } from "./schema-walk.ts";

/** What stands in the place of a secret. */
const hidden = "<secret>";

/** A leaf's value as a plain scalar or list that the schema would read back as the same value. */
export function asWritten(value: unknown, notes: Notes): unknown {
  if (notes.isSecret === true && value !== null) return hidden;
  if (typeof value === "function") return "<function>";
  if (value === null) return notes.valueKind === "name-or-off" ? "off" : null;
  switch (notes.valueKind) {
    case "duration":
      return formatDuration(value as number);
    case "duration-or-off":
      return value === 0 ? "off" : formatDuration(value as number);
    case "size":
      return value === Infinity ? "unlimited" : formatSize(value as number);
    case "count-or-unlimited":
      return value === Infinity ? "unlimited" : value;
    case "factor-or-off":
      return value === 0 ? "off" : value;
    case "port-or-off":
      return value === 0 ? false : value;
    case "share":
      return formatShare(value as number);
    case "rate":
      return formatRate(value as Rate);
    case "statuses":
      return formatStatuses(value as StatusRange);
    default:
      return value;
  }
}

/** Any part of a Config as users write it, without its secrets. */
export function treeAsWritten(value: unknown, described: Described | null): unknown {
  const notes = described?.notes ?? {};
  const isNested =
    typeof value === "object" && value !== null && notes.valueKind === undefined && notes.isSecret !== true;
  if (!isNested) return asWritten(value, notes);
  const inner = (step: string | number): Described | null =>
    described === null ? null : stepInto(described.shape, step);
  if (Array.isArray(value)) return value.map((item: unknown, index) => treeAsWritten(item, inner(index)));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, treeAsWritten(item, inner(key))]),
  );
}

function formatStatuses({ from, to }: StatusRange): string {
  if (from === to) return String(from);
  return from % 100 === 0 && to === from + 99 ? `${from / 100}xx` : `${from}-${to}`;
}
