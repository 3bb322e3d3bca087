/**
 * Walks the schema itself: what stands at a path, which keys a section has, which notes a field carries.
 * Documentation, diff, printing and error messages are all derived from it, so none can forget a field.
 */
import * as z from "zod";
import type { FieldNotes, ValueKind } from "./field.ts";
import type { Path } from "./issue.ts";
import { configSchema } from "./schema.ts";

/** Everything a field's schema says about it, gathered over its wrappers. The outermost says most. */
export interface Notes extends FieldNotes {
  readonly description?: string;
  readonly valueKind?: ValueKind;
  readonly unit?: string;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly allowed?: string;
  /** Words from elsewhere and the word here, for suggestions. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** A list that may be written as its only element. */
  readonly isOneOrMany?: boolean;
}

/** The shape below the wrappers (defaults, nullable, transforms). */
export type Shape =
  | { readonly kind: "object"; readonly fields: Readonly<Record<string, z.core.$ZodType>> }
  | { readonly kind: "record"; readonly value: z.core.$ZodType }
  | { readonly kind: "list"; readonly item: z.core.$ZodType }
  | {
      readonly kind: "variants";
      readonly discriminator: string;
      readonly options: readonly z.core.$ZodType[];
    }
  | { readonly kind: "leaf" };

export interface Described {
  readonly shape: Shape;
  readonly notes: Notes;
  /** The default as users would write it; undefined when the field has none. */
  readonly defaultInput: unknown;
  readonly isNullable: boolean;
}

const described = new WeakMap<z.core.$ZodType, Described>();

/** Looks through wrappers at what a schema is. The answer for one schema is always the same object. */
export function describe(schema: z.core.$ZodType): Described {
  const known = described.get(schema);
  if (known !== undefined) return known;
  const found = lookThrough(schema);
  described.set(schema, found);
  return found;
}

function lookThrough(schema: z.core.$ZodType): Described {
  const notes = (z.globalRegistry.get(schema) ?? {}) as Notes;
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "default":
    case "prefault": {
      const inner = describe(def.innerType);
      return { ...inner, notes: { ...inner.notes, ...notes }, defaultInput: def.defaultValue };
    }
    case "nullable":
    case "optional":
    case "readonly": {
      const inner = describe(def.innerType);
      return { ...inner, notes: { ...inner.notes, ...notes }, isNullable: true };
    }
    case "lazy":
      return describe(def.getter());
    case "pipe": {
      const inner = describe(def.in);
      return { ...inner, notes: { ...inner.notes, ...notes } };
    }
    case "union":
      return describeUnion(def, notes);
    default:
      return { shape: shapeOf(def), notes, defaultInput: undefined, isNullable: false };
  }
}

function shapeOf(def: z.core.$ZodTypes["_zod"]["def"]): Shape {
  if (def.type === "object") return { kind: "object", fields: def.shape };
  if (def.type === "record") return { kind: "record", value: def.valueType };
  if (def.type === "array") return { kind: "list", item: def.element };
  return { kind: "leaf" };
}

/** Of several spellings, the richest is the shape: variants, then a section, then a list. */
function describeUnion(def: z.core.$ZodUnionDef, notes: Notes): Described {
  const plain = { notes, defaultInput: undefined, isNullable: false };
  if ("discriminator" in def && typeof def.discriminator === "string") {
    return { ...plain, shape: { kind: "variants", discriminator: def.discriminator, options: def.options } };
  }
  const options = def.options.map(describe);
  if (notes.isOneOrMany !== true) {
    const rich = options.find(({ shape }) => shape.kind === "variants") ?? anyObject(options);
    if (rich !== undefined) return { ...rich, notes: { ...rich.notes, ...notes } };
  }
  const list = options.find(({ shape }) => shape.kind === "list");
  if (list !== undefined) return { ...list, notes: { ...list.notes, ...notes } };
  return { ...plain, shape: { kind: "leaf" } };
}

/** All sections that may stand here as one, with the fields of each. */
function anyObject(options: readonly Described[]): Described | undefined {
  const objects = options.filter(({ shape }) => shape.kind === "object");
  const [first] = objects;
  if (first === undefined || objects.length === 1) return first;
  const fields = Object.assign({}, ...objects.map(({ shape }) => fieldsOf(shape))) as Record<
    string,
    z.core.$ZodType
  >;
  return { ...first, shape: { kind: "object", fields } };
}

export interface AtPath {
  /** Keys of a section, over all its variants. */
  readonly keys: readonly string[];
  /** Names of the variants, where there are some. */
  readonly discriminators: readonly string[];
  readonly allowed: string | undefined;
  readonly described: Described | null;
}

/**
 * What the schema says of the place `path`; empty when the schema has no such place. With `input`, variants
 * are narrowed to the one it names.
 */
export function describeAt(path: Path, input?: unknown): AtPath {
  let current: Described | null = describe(configSchema);
  let value = input;
  for (const step of path) {
    current = current === null ? null : stepInto(narrow(current, value).shape, step);
    value =
      typeof value === "object" && value !== null
        ? (value as Record<string | number, unknown>)[step]
        : undefined;
  }
  if (current === null) return { keys: [], discriminators: [], allowed: undefined, described: null };
  return {
    keys: keysOf(narrow(current, value).shape),
    discriminators: discriminatorsOf(current.shape),
    allowed: current.notes.allowed,
    described: current,
  };
}

export function stepInto(shape: Shape, step: string | number): Described | null {
  if (shape.kind === "record") return describe(shape.value);
  if (shape.kind === "list")
    return typeof step === "number" ? describe(shape.item) : stepInto(describe(shape.item).shape, step);
  const schema = fieldsOf(shape)[step];
  return schema === undefined ? null : describe(schema);
}

/** The fields of a section; of variants, all fields of all of them. */
export function fieldsOf(shape: Shape): Readonly<Record<string, z.core.$ZodType>> {
  if (shape.kind === "object") return shape.fields;
  if (shape.kind !== "variants") return {};
  return Object.assign({}, ...shape.options.map((option) => fieldsOf(describe(option).shape))) as Record<
    string,
    z.core.$ZodType
  >;
}

/** Of a list that is written as its only element, those of the element. */
function keysOf(shape: Shape): string[] {
  if (shape.kind === "list") return keysOf(describe(shape.item).shape);
  return Object.keys(fieldsOf(shape));
}

/** The one variant that `value` names, or all of them. */
function narrow(described: Described, value: unknown): Described {
  const { shape } = described;
  if (shape.kind !== "variants" || typeof value !== "object" || value === null) return described;
  const name = (value as Record<string, unknown>)[shape.discriminator];
  const option = shape.options.find((candidate) =>
    wordsOf(candidate, shape.discriminator).includes(String(name)),
  );
  return option === undefined ? described : describe(option);
}

function discriminatorsOf(shape: Shape): string[] {
  if (shape.kind !== "variants") return [];
  return shape.options.flatMap((option) => wordsOf(option, shape.discriminator));
}

/** The words that choose a variant. */
function wordsOf(option: z.core.$ZodType, discriminator: string): string[] {
  const schema = fieldsOf(describe(option).shape)[discriminator];
  const def = (schema as z.core.$ZodTypes | undefined)?._zod.def;
  return def?.type === "literal" ? def.values.map(String) : [];
}
