/** Checks a value against a JSON Schema: as much of 2020-12 as the published OpenAPI document uses. */

type Schema = Readonly<Record<string, unknown>>;

/** Words that only describe. */
const silent = new Set(["description", "title", "default", "format", "pattern", "$schema", "id"]);

/** What is wrong, a line each; empty when the value is as the schema says. `root` resolves references. */
export function schemaFaults(schema: unknown, value: unknown, root: unknown, at = "$"): string[] {
  if (schema === true || (typeof schema === "object" && schema !== null && Object.keys(schema).length === 0))
    return [];
  return Object.entries(schema as Schema).flatMap(([word, content]) => {
    if (silent.has(word)) return [];
    const check = checks[word];
    return check === undefined
      ? [`${at}: the validator does not know ${word}`]
      : check(content, value, { root, at, schema: schema as Schema });
  });
}

interface Context {
  readonly root: unknown;
  readonly at: string;
  readonly schema: Schema;
}

const checks: Readonly<Record<string, (content: unknown, value: unknown, context: Context) => string[]>> = {
  $ref: (content, value, { root, at }) => schemaFaults(resolve(String(content), root), value, root, at),
  type: (content, value, { at }) =>
    [content].flat().includes(typeOf(value, content))
      ? []
      : [`${at}: ${JSON.stringify(value)} is no ${String(content)}`],
  enum: (content, value, { at }) =>
    (content as unknown[]).includes(value)
      ? []
      : [`${at}: ${JSON.stringify(value)} is none of ${String(content)}`],
  const: (content, value, { at }) => (content === value ? [] : [`${at}: is not ${String(content)}`]),
  minimum: (content, value, { at }) =>
    typeof value !== "number" || value >= Number(content)
      ? []
      : [`${at}: ${value} is below ${String(content)}`],
  maximum: (content, value, { at }) =>
    typeof value !== "number" || value <= Number(content)
      ? []
      : [`${at}: ${value} is above ${String(content)}`],
  maxItems: (content, value, { at }) =>
    !Array.isArray(value) || value.length <= Number(content)
      ? []
      : [`${at}: has more than ${String(content)}`],
  required: (content, value, { at }) =>
    isObject(value)
      ? (content as string[]).filter((key) => !(key in value)).map((key) => `${at}: lacks ${key}`)
      : [],
  properties: (content, value, { root, at }) =>
    isObject(value)
      ? Object.entries(content as Schema).flatMap(([key, inner]) =>
          key in value ? schemaFaults(inner, value[key], root, `${at}.${key}`) : [],
        )
      : [],
  additionalProperties: (content, value, { root, at, schema }) => {
    if (!isObject(value)) return [];
    const known = Object.keys(schema["properties"] ?? {});
    const others = Object.keys(value).filter((key) => !known.includes(key));
    if (content === false) return others.map((key) => `${at}: has ${key}, which is not described`);
    return others.flatMap((key) => schemaFaults(content, value[key], root, `${at}.${key}`));
  },
  propertyNames: () => [],
  items: (content, value, { root, at }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => schemaFaults(content, item, root, `${at}[${index}]`))
      : [],
  prefixItems: (content, value, { root, at }) =>
    Array.isArray(value)
      ? (content as unknown[]).flatMap((inner, index) =>
          schemaFaults(inner, value[index], root, `${at}[${index}]`),
        )
      : [],
  anyOf: (content, value, { root, at }) => {
    const results = (content as unknown[]).map((option) => schemaFaults(option, value, root, at));
    return results.some((faults) => faults.length === 0) ? [] : (results[0] ?? []);
  },
};

function resolve(reference: string, root: unknown): unknown {
  return reference
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), root);
}

function typeOf(value: unknown, asked: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number")
    return Number.isInteger(value) && [asked].flat().includes("integer") ? "integer" : "number";
  return typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
