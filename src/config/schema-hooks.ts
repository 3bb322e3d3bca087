/** Hooks: functions of the user's on the request path, from a module or written into a TypeScript configuration. */
import * as z from "zod";
import type { Hooks } from "../core/hooks.ts";
import { type Frozen, field, leaf, type LeafResult } from "./field.ts";
import type { DurationText } from "../core/units.ts";
import { count, duration } from "./leaves.ts";
import { filePath } from "./texts.ts";

const hooksObject = z.strictObject({
  path: field(
    filePath(),
    "A module that exports `onRequest`, `onResponse` or `onError`, or a configuration in TypeScript that has them under `hooks`.",
    {
      hazard:
        "Its code runs in every worker, for every request: what it costs, every request pays. `docs/hooks.md` has the figures.",
    },
  ),
  timeout: field(duration(1).prefault("1s"), "How long an exchange waits for a hook that returns a promise."),
  concurrency: field(
    count(1, 1_000_000).prefault(1000),
    "Promises of hooks that may be unsettled at once, in each worker; beyond that hooks fail.",
  ),
});

/** The functions themselves, as TypeScript can write them. */
export interface HookFunctions extends Hooks {
  readonly timeout?: DurationText;
  readonly concurrency?: number;
}

/** What hooks come to, however they were written. */
export interface HooksSettings {
  /** Null when the functions are here. */
  readonly path: string | null;
  readonly functions?: Hooks;
  /** Milliseconds. */
  readonly timeout: number;
  readonly concurrency: number;
}

/** Their names, in the order of an exchange. */
export const hookNames = ["onRequest", "onResponse", "onError"] as const;

const allowed = `the path of a module, or an object with ${hookNames.join(", ")}`;

const hookFunctions = leaf<HookFunctions, HooksSettings>({
  parse: readFunctions,
  json: { not: {} },
});

function readFunctions(input: unknown): LeafResult<HooksSettings> {
  if (typeof input !== "object" || input === null) return { allowed, isWrongType: true };
  const entries = Object.entries(input);
  if (!entries.some(([, value]) => typeof value === "function")) return { allowed, isWrongType: true };
  const isHook = (name: string): boolean => (hookNames as readonly string[]).includes(name);
  const wrong = entries.find(
    ([name, value]) => isHook(name) && value !== undefined && typeof value !== "function",
  );
  if (wrong !== undefined) return { allowed, reason: `${wrong[0]} is not a function` };
  const functions = Object.fromEntries(entries.filter(([name]) => isHook(name))) as Hooks;
  const rest = Object.fromEntries(entries.filter(([name]) => !isHook(name)));
  const result = hooksObject.safeParse({ ...rest, path: "functions" });
  if (!result.success || "path" in rest) {
    const strange = Object.keys(rest).find((name) => !["timeout", "concurrency"].includes(name));
    const reason =
      strange === undefined
        ? "timeout or concurrency is not valid"
        : `'${strange}' is not known beside functions`;
    return { allowed: `${allowed}, timeout and concurrency`, reason };
  }
  const { timeout, concurrency } = result.data;
  return { value: { path: null, functions, timeout, concurrency } };
}

const hooksPath = leaf<string, HooksSettings>({
  parse: (input) =>
    typeof input === "string" && input !== ""
      ? { value: hooksObject.parse({ path: input }) }
      : { allowed, isWrongType: true },
  json: { type: "string" },
});

export const hooksSchema = z
  .union([hooksPath, hooksObject, hookFunctions])
  .meta({ shorthand: "path", allowed });

export type HooksConfig = Frozen<z.output<typeof hooksSchema>>;
