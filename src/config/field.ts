/**
 * How schema files describe a field: its meaning, unit and hazard live beside its type, and the
 * documentation, the JSON Schema, the printer and the diff read them from here.
 */
import * as z from "zod";

/** What changing a field does to a running Headgate when the configuration is reloaded. */
export type ReloadEffect =
  /** Applies to what comes next; nothing is dropped. */
  | "live"
  /** The listener is bound anew: its connections drain. */
  | "rebind"
  /** Pooled connections to the endpoints concerned are replaced; exchanges finish. */
  | "reconnect"
  /** Takes effect only when the program is started again. */
  | "restart";

/** How a value is written by users, where that differs from how the program holds it. */
export type ValueKind =
  | "duration"
  | "duration-or-off"
  | "size"
  | "share"
  | "rate"
  | "statuses"
  | "count-or-unlimited"
  | "factor-or-off"
  | "name-or-off"
  | "port-or-off";

export interface FieldNotes {
  /** What goes wrong if the value is chosen badly. */
  readonly hazard?: string;
  /** The default in words, where it is derived and not a constant. */
  readonly defaultText?: string;
  readonly reload?: ReloadEffect;
  /** Arrays: the field that names an element, so that reordering is no change. */
  readonly identity?: string;
  /** Objects that may be written as one scalar: the field that the scalar fills. */
  readonly shorthand?: string;
  /** Entries of a list or record: what becomes of what a removed entry was serving. */
  readonly removal?: string;
  /** The value is a secret: never printed. */
  readonly isSecret?: boolean;
}

/** Attaches a sentence and notes to a schema. */
export function field<S extends z.ZodType>(schema: S, meaning: string, notes: FieldNotes = {}): S {
  return schema.meta({ ...schema.meta(), description: meaning, ...notes });
}

/** Readonly at every depth. */
export type Frozen<T> = T extends (...args: never) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** What a leaf's parser says about a value it refuses. */
export interface LeafProblem {
  /** What is allowed, as a noun phrase: `a duration such as 5s`. */
  readonly allowed: string;
  /** Why this value is not; empty when `allowed` says it all. */
  readonly reason?: string;
  /** A spelling that would be right. */
  readonly suggestion?: string | null;
  /** Not even the right sort of value; another spelling of the same field may take it. */
  readonly isWrongType?: boolean;
  /** The part of a text that is wrong, in characters from its start. */
  readonly at?: { readonly offset: number; readonly length: number };
}

/** The result of reading a leaf: the value, or what is wrong with it. */
export type LeafResult<O> = { readonly value: O } | LeafProblem;

export interface LeafKind<O> {
  readonly parse: (input: unknown) => LeafResult<O>;
  /** What editors are told (JSON Schema). */
  readonly json: Readonly<Record<string, unknown>>;
  readonly valueKind?: ValueKind;
  /** The unit of the output, for the documentation. */
  readonly unit?: string;
}

/** Makes a schema from a parser. `I` is what users may write, `O` what the program holds. */
export function leaf<I, O>(kind: LeafKind<O>) {
  return z
    .custom<I>()
    .transform((input, context): O => {
      const result = kind.parse(input);
      if ("value" in result) return result.value;
      context.issues.push({
        code: "custom",
        input,
        params: { leaf: result },
        message: result.reason ?? `expected ${result.allowed}`,
      });
      return z.NEVER;
    })
    .meta({ json: kind.json, valueKind: kind.valueKind, unit: kind.unit });
}

/** A list that may be written as a single element. */
export function oneOrMany<S extends z.ZodType>(item: S) {
  return z.union([z.array(item), item.transform((one): z.output<S>[] => [one])]).meta({ isOneOrMany: true });
}

/** An object that may be written as one text, which fills its field `key`. */
export function withShorthand<S extends z.ZodType>(schema: S, key: string, allowed: string) {
  const short = leaf<string, z.output<S>>({
    parse: (input) => {
      if (typeof input !== "string") return { allowed, isWrongType: true };
      const result = schema.safeParse({ [key]: input });
      return result.success ? { value: result.data } : firstProblem(result.error.issues, allowed);
    },
    json: { type: "string" },
  });
  return z.union([short, schema]).meta({ shorthand: key, allowed });
}

function firstProblem(issues: readonly z.core.$ZodIssue[], allowed: string): LeafProblem {
  const issue = issues[0];
  const problem = issue?.code === "custom" ? (issue.params?.["leaf"] as LeafProblem | undefined) : undefined;
  return problem ?? { allowed, reason: issue?.message ?? allowed };
}
