/** Writes values of a finished Config the way users write them: `5s`, `16KiB`, `20%`, `unlimited`, `off`. */
import { formatDuration, formatRate, formatShare, formatSize, type Rate } from "../core/units.ts";
import type { StatusRange } from "./texts.ts";
import type { Notes } from "./schema-walk.ts";

/** What stands in the place of a secret. */
export const hidden = "<secret>";

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

function formatStatuses({ from, to }: StatusRange): string {
  if (from === to) return String(from);
  return from % 100 === 0 && to === from + 99 ? `${from / 100}xx` : `${from}-${to}`;
}
