/**
 * The effective configuration: every value with the place it came from, as a list for programs and as
 * YAML with comments for people. The YAML, read again, gives the same Config (secrets excepted).
 */
import { stringify } from "yaml";
import { originOf, type InputContext } from "./provenance.ts";
import type { Path } from "./issue.ts";
import type { Config } from "./schema.ts";
import { configSchema } from "./schema.ts";
import { describe, stepInto, type Described } from "./schema-walk.ts";
import { asWritten } from "./written.ts";

/** One value, or the head of a section. */
export interface EffectiveEntry {
  readonly path: Path;
  /** As users write it; undefined for the head of a section or list that has entries of its own. */
  readonly value: unknown;
  /** `headgate.yaml:12`, `--port`, `default`, with `, env NAME` if a variable took part. */
  readonly origin: string;
}

/** Every value of the configuration, in the schema's order. */
export function effectiveEntries(config: Config, context: InputContext): EffectiveEntry[] {
  const entries: EffectiveEntry[] = [];
  visit(describe(configSchema), config, [], entries, context);
  return entries;
}

function visit(
  described: Described | null,
  value: unknown,
  path: Path,
  entries: EffectiveEntry[],
  context: InputContext,
): void {
  const origin = (): string => originOf(path, context, described);
  const isNested =
    typeof value === "object" &&
    value !== null &&
    described?.notes.isSecret !== true &&
    described?.notes.valueKind === undefined;
  const children = isNested ? orderedEntries(described, value) : [];
  if (!isNested || children.length === 0) {
    const written = isNested ? value : asWritten(value, described?.notes ?? {});
    if (path.length > 0) entries.push({ path, value: written, origin: origin() });
    return;
  }
  if (path.length > 0) entries.push({ path, value: undefined, origin: origin() });
  for (const [key, inner] of children) {
    const step = Array.isArray(value) ? Number(key) : key;
    visit(
      described === null ? null : stepInto(described.shape, step),
      inner,
      [...path, step],
      entries,
      context,
    );
  }
}

/** The schema's order, so that a name or address stands first; what the schema does not know comes last. */
function orderedEntries(described: Described | null, value: object): [string, unknown][] {
  const entries = Object.entries(value);
  if (described?.shape.kind !== "object") return entries;
  const order = Object.keys(described.shape.fields);
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return entries.toSorted(([a], [b]) => rank(a) - rank(b));
}

/** Column at which the comments begin, if the value leaves room. */
const commentColumn = 56;

/** YAML with a comment behind each value. */
export function printEffective(config: Config, context: InputContext): string {
  const lines = effectiveEntries(config, context).map((entry) => lineOf(entry));
  return `${joinDashes(lines).join("\n")}\n`;
}

function lineOf(entry: EffectiveEntry): string {
  const step = entry.path.at(-1)!;
  const indent = "  ".repeat(entry.path.length - 1);
  const head = typeof step === "number" ? "-" : `${scalar(step)}:`;
  const text = entry.value === undefined ? `${indent}${head}` : `${indent}${head} ${scalar(entry.value)}`;
  // A section's own place says little when its values tell theirs.
  return entry.value === undefined ? text : `${text.padEnd(commentColumn)} # ${entry.origin}`;
}

/** `-` alone and the first key of its section share a line. */
function joinDashes(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    const last = joined.at(-1);
    if (last !== undefined && /^ *-$/.test(last)) {
      const [, indent = "", rest = ""] = /^( *)(.*)$/s.exec(line) ?? [];
      joined[joined.length - 1] = `${last}${" ".repeat(indent.length - last.length)}${rest}`;
    } else joined.push(line);
  }
  return joined;
}

/** Texts that YAML reads as themselves without quotes; the rest is left to the library. */
const plain = /^[A-Za-z/][\w./-]*$/;
const reserved = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

function scalar(value: unknown): string {
  if (typeof value === "string" && plain.test(value) && !reserved.test(value)) return value;
  if (typeof value === "boolean" || Number.isInteger(value)) return String(value);
  return stringify(value, { collectionStyle: "flow", lineWidth: 0, defaultStringType: "PLAIN" }).trimEnd();
}
