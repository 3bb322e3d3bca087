import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readEverything } from "../../test/support/everything.ts";
import { configurationDocument } from "./documentation.ts";
import { configJsonSchema } from "./json-schema.ts";
import { rules } from "./rules/all.ts";
import { configSchema } from "./schema.ts";
import { describe, fieldsOf, type Described } from "./schema-walk.ts";

const repository = new URL("../../", import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, repository), "utf8");
}

test("docs/configuration.md is what the schema says; scripts/generate-docs.ts makes it so", () => {
  assert.equal(read("docs/configuration.md"), configurationDocument());
});

test("docs/headgate.schema.json is what the schema says; scripts/generate-docs.ts makes it so", () => {
  assert.deepEqual(JSON.parse(read("docs/headgate.schema.json")), configJsonSchema());
});

test("every field has a meaning that is a sentence, and a default, is required, or may be absent", () => {
  const silent: string[] = [];
  visitFields(describe(configSchema), "", [], (path, { notes }) => {
    if (!/^[A-Z`].*[.;]$/s.test(notes.description ?? "")) silent.push(path);
    if (notes.hazard !== undefined && !notes.hazard.endsWith(".")) silent.push(`${path} (hazard)`);
  });
  assert.deepEqual(silent, []);
});

test("the list of rules is the folder, and no two have the same name", () => {
  const files = readdirSync(new URL("rules/", import.meta.url)).filter(
    (file) => !["all.ts", "rule.ts"].includes(file),
  );
  assert.equal(rules.length, files.length);
  assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
});

test("the JSON Schema knows the same keys as the schema, and allows no others", () => {
  visitSections(describe(configSchema), configJsonSchema(), "", []);
});

test("the configuration that sets every field is right by the JSON Schema, and a misspelt one is not", () => {
  const { source } = readEverything();
  const root = configJsonSchema();
  assert.deepEqual(faults(source.value, root, root, "$"), []);
  const wrong = structuredClone(source.value) as { pools: { app: Record<string, unknown> } };
  wrong.pools.app["polcy"] = "random";
  wrong.pools.app["timeouts"] = { connect: 5 };
  assert.equal(faults(wrong, root, root, "$").length, 2);
});

type Json = Record<string, unknown>;

function visitFields(
  described: Described,
  path: string,
  open: readonly unknown[],
  tell: (path: string, described: Described) => void,
): void {
  const { shape } = described;
  if (shape.kind === "leaf") return;
  if (shape.kind === "record") return visitFields(describe(shape.value), `${path}.*`, open, tell);
  if (shape.kind === "list") return visitFields(describe(shape.item), `${path}[]`, open, tell);
  const identity = shape.kind === "object" ? shape.fields : shape.options;
  if (open.includes(identity)) return;
  for (const [key, schema] of Object.entries(fieldsOf(shape))) {
    const inner = describe(schema);
    tell(`${path}.${key}`, inner);
    visitFields(inner, `${path}.${key}`, [...open, identity], tell);
  }
}

/** Compares the sections of both, as far as the JSON Schema spells them out as plain objects. */
function visitSections(described: Described, json: Json, path: string, open: readonly unknown[]): void {
  const { shape } = described;
  if (shape.kind !== "object" || open.includes(shape.fields) || json["type"] !== "object") return;
  assert.deepEqual(
    Object.keys(json["properties"] as Json).toSorted(),
    Object.keys(shape.fields).toSorted(),
    path,
  );
  assert.equal(json["additionalProperties"], false, path);
  for (const [key, schema] of Object.entries(shape.fields)) {
    visitSections(describe(schema), (json["properties"] as Record<string, Json>)[key]!, `${path}.${key}`, [
      ...open,
      shape.fields,
    ]);
  }
}

/** As much of JSON Schema as ours uses. */
function faults(value: unknown, schema: Json, root: Json, path: string): string[] {
  if (typeof schema["$ref"] === "string") return faults(value, pointed(root, schema["$ref"]), root, path);
  for (const key of ["anyOf", "oneOf"]) {
    const options = schema[key] as Json[] | undefined;
    if (options !== undefined && options.every((option) => faults(value, option, root, path).length > 0))
      return [`${path}: none of ${key}`];
  }
  const found = [...typeFaults(value, schema, path)];
  if (Array.isArray(value) && schema["items"] !== undefined) {
    value.forEach((item, index) =>
      found.push(...faults(item, schema["items"] as Json, root, `${path}[${index}]`)),
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value) && schema["type"] === "object") {
    const properties = (schema["properties"] ?? {}) as Record<string, Json>;
    const rest = schema["additionalProperties"];
    for (const required of (schema["required"] ?? []) as string[])
      if (!Object.hasOwn(value, required)) found.push(`${path}: no ${required}`);
    for (const [key, inner] of Object.entries(value)) {
      const known = Object.hasOwn(properties, key)
        ? properties[key]
        : typeof rest === "object"
          ? (rest as Json)
          : undefined;
      if (known !== undefined) found.push(...faults(inner, known, root, `${path}.${key}`));
      else if (rest === false) found.push(`${path}: unknown ${key}`);
    }
  }
  return found;
}

function typeFaults(value: unknown, schema: Json, path: string): string[] {
  const types = schema["type"] === undefined ? [] : ([schema["type"]].flat() as string[]);
  const found: string[] = [];
  if (types.length > 0 && !types.some((type) => isOfType(value, type)))
    found.push(`${path}: not ${types.join(" or ")}`);
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) found.push(`${path}: not in enum`);
  if (Object.hasOwn(schema, "const") && schema["const"] !== value) found.push(`${path}: not const`);
  if (
    typeof schema["pattern"] === "string" &&
    typeof value === "string" &&
    !new RegExp(schema["pattern"]).test(value)
  )
    found.push(`${path}: pattern`);
  if (typeof schema["minimum"] === "number" && typeof value === "number" && value < schema["minimum"])
    found.push(`${path}: minimum`);
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function pointed(root: Json, reference: string): Json {
  return reference
    .split("/")
    .slice(1)
    .reduce((at, step) => at[step] as Json, root);
}
