/**
 * Takes the mistaken parts out of an input until the schema accepts the rest, so that the rules that
 * span fields can report their findings in the same run. The result is looked at, never served.
 */
import type * as z from "zod";
import { nowhere, type Path, type PathStep } from "./issue.ts";
import { configSchema } from "./schema.ts";
import { issuesFromSchema } from "./schema-issues.ts";

export interface Salvaged {
  readonly parsed: z.output<typeof configSchema>;
  /** The place in the user's input of a place in the salvaged configuration. */
  originalPath(path: Path): Path;
}

/** Rounds of taking out; each removes at least one part. */
const roundsMax = 100;

/** Null when nothing useful is left. `input` is not changed. */
export function salvage(input: unknown): Salvaged | null {
  const indices = new WeakMap<object, number[]>();
  const copy = copyOf(input, indices);
  for (let round = 0; round < roundsMax; round++) {
    const result = configSchema.safeParse(copy);
    if (result.success)
      return { parsed: result.data, originalPath: (path) => translate(copy, path, indices) };
    const issues = issuesFromSchema(result.error.issues, copy, nowhere(""));
    // From the end, so that an index stays true while earlier ones are taken out.
    for (const issue of issues.toReversed()) if (!remove(copy, issue.path, indices)) return null;
  }
  return null;
}

function copyOf(value: unknown, indices: WeakMap<object, number[]>): unknown {
  if (Array.isArray(value)) {
    const copy = value.map((item: unknown) => copyOf(item, indices));
    indices.set(copy, [...copy.keys()]);
    return copy;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner, indices)]));
}

/** Removes what stands at `path`, or the section that misses it. False when that would be everything. */
function remove(root: unknown, path: Path, indices: WeakMap<object, number[]>): boolean {
  const step = path.at(-1);
  if (step === undefined) return false;
  const holder = valueAtPath(root, path.slice(0, -1));
  if (Array.isArray(holder)) {
    if (Number(step) < holder.length) {
      holder.splice(Number(step), 1);
      indices.get(holder)?.splice(Number(step), 1);
    }
    return true;
  }
  if (typeof holder !== "object" || holder === null) return true;
  const fields = holder as Record<PathStep, unknown>;
  if (!Object.hasOwn(fields, step)) return remove(root, path.slice(0, -1), indices);
  delete fields[step];
  return true;
}

function valueAtPath(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PathStep, unknown>)[step];
  }
  return value;
}

function translate(root: unknown, path: Path, indices: WeakMap<object, number[]>): Path {
  const original: PathStep[] = [];
  let value = root;
  for (const step of path) {
    const list = Array.isArray(value) ? indices.get(value) : undefined;
    original.push(list === undefined || typeof step === "string" ? step : (list[step] ?? step));
    value =
      typeof value === "object" && value !== null ? (value as Record<PathStep, unknown>)[step] : undefined;
  }
  return original;
}
