/** The JSON Schema of what users write, for editors: completion, descriptions and most mistakes. */
import * as z from "zod";
import { configSchema } from "./schema.ts";
import { describe, type Notes } from "./schema-walk.ts";

type Json = Record<string, unknown>;

/** JSON Schema 2020-12. Functions, which only TypeScript can express, are left out. */
export function configJsonSchema(): Json {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-2020-12",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema as Json),
  });
  return {
    ...(withoutImpossible(schema) as Json),
    title: "Headgate's configuration",
    patternProperties: { "^x-": {} },
  };
}

/** Our notes are not JSON Schema's words: they become descriptions and patterns, the rest goes. */
function refine(schema: z.core.$ZodType, json: Json): void {
  const { notes } = describe(schema);
  for (const key of [
    "json",
    "valueKind",
    "unit",
    "hazard",
    "defaultText",
    "reload",
    "identity",
    "removal",
    "shorthand",
    "isSecret",
    "isOneOrMany",
    "allowed",
  ])
    delete json[key];
  const isLeaf = (schema as z.core.$ZodTypes)._zod.def.type === "pipe" && notes.json !== undefined;
  if (isLeaf) Object.assign(json, orEnvironment(notes.json));
  const description = describeForEditors(notes);
  if (description !== "" && json["description"] !== undefined) json["description"] = description;
}

/** A word may also come from the environment. */
function orEnvironment(json: Json): Json {
  return Array.isArray(json["enum"]) ? { anyOf: [json, { type: "string", pattern: "^\\$\\{env\\." }] } : json;
}

function describeForEditors(notes: Notes): string {
  const sentences = [
    notes.description,
    notes.defaultText === undefined ? undefined : `Default: ${notes.defaultText}.`,
    notes.hazard,
  ];
  return sentences.filter((sentence) => sentence !== undefined).join("\n\n");
}

/** Takes out alternatives that nothing satisfies, which is how functions are written. */
function withoutImpossible(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutImpossible);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    if (key !== "anyOf" || !Array.isArray(inner)) return [key, withoutImpossible(inner)];
    return [key, inner.filter((option) => !isImpossible(option)).map(withoutImpossible)];
  });
  return Object.fromEntries(entries);
}

function isImpossible(option: unknown): boolean {
  const not = typeof option === "object" && option !== null && "not" in option ? option.not : undefined;
  return typeof not === "object" && not !== null && Object.keys(not).length === 0;
}
