/** Writes `docs/configuration.md` from the schema and the rules: nothing in it is kept by hand but its beginning. */
import type * as z from "zod";
import { rules } from "./rules/all.ts";
import { configSchema } from "./schema.ts";
import { describe, fieldsOf, type Described } from "./schema-walk.ts";

/** Apart, so that nothing takes it for an import of this file. */
const exampleImport = 'import { defineConfig } from "headgate";';

const opening = `# Configuration

This page is generated from the schema by \`scripts/generate-docs.ts\`; the schema is the truth.

A configuration is written in YAML, JSON or TypeScript, or given as flags. All spellings mean the same:

\`\`\`yaml
# headgate.yaml
# yaml-language-server: $schema=./headgate.schema.json
listeners:
  - address: ":8080"
pools:
  app:
    policy: peak-ewma
    endpoints: [http://10.0.0.1:8081, { url: http://10.0.0.2:8081, weight: 3 }]
    health: { path: /health, interval: 5s }
routes:
  - match: { path: /api/* }
    pool: app
  - pool: app
\`\`\`

\`\`\`ts
// headgate.config.ts
${exampleImport}

export default defineConfig({
  listeners: [{ address: ":8080" }],
  pools: { app: { policy: "peak-ewma", endpoints: ["http://10.0.0.1:8081"] } },
  routes: [{ match: { path: "/api/*" }, pool: "app" }, { pool: "app" }],
});
\`\`\`

\`headgate schema > headgate.schema.json\` writes the schema that the second line names: an editor with a YAML language
server completes and explains with it.

\`headgate check FILE\` reports every problem at once, each with its place, what was found, what is allowed and what
was probably meant. Unknown keys are errors.

## How values are written

| kind | written | held as |
|---|---|---|
| duration | \`250ms\`, \`5s\`, \`1m\`, \`1h\`, \`7d\`; always with a unit | milliseconds |
| size | \`512B\`, \`16KiB\`, \`1MiB\`, \`1GiB\`, or a number of bytes | bytes |
| share | \`20%\`, or a fraction from 0 to 1 | a fraction |
| rate | \`100/s\`, \`5/m\`, \`1000/h\` | requests and milliseconds |
| statuses | \`200\`, \`2xx\`, \`200-399\`, or a list of them | ranges |
| template | text in which \`\${…}\` stands for a fact about the request, such as \`\${client.address}\` | text |

Relative paths of files start from the folder in which the program was started; those of \`include\` from the
including file.

A list that holds one element may be written as that element where the table below says "one or a list".

## Environment variables

\`\${env.NAME}\` stands for an environment variable in any text, \`\${env.NAME:-value}\` for one with a default. They are
filled in before anything else looks at the text. A variable that is not set and has no default is an error.

## Several files

\`include: conf.d/*.yaml\` (a path or a list of paths, beside the including file) adds other files. Their listeners and
routes are put behind those that are there, their pools and rate limits come together. Nothing may be said twice.

Keys of a file's top level that begin with \`x-\` are yours: a place for YAML anchors that pools share.
`;

/** The whole page. */
export function configurationDocument(): string {
  const sections: string[] = [];
  const root = describe(configSchema);
  writeSection("Top level", "", root, "", sections, new Set());
  return `${opening}\n${sections.join("\n")}\n${rulesSection()}`;
}

/** A heading and a table for one section, then its inner sections. `seen` ends recursion. */
function writeSection(
  title: string,
  path: string,
  described: Described,
  meaning: string,
  sections: string[],
  seen: Set<unknown>,
): void {
  if (described.shape.kind === "variants") {
    sections.push(`## ${title}\n\n${meaning}\n`);
    for (const option of described.shape.options)
      writeVariant(path, describe(option), described.shape.discriminator, sections, seen);
    return;
  }
  const fields = fieldsOf(described.shape);
  const key = described.shape.kind === "object" ? described.shape.fields : fields;
  if (seen.has(key)) return;
  seen.add(key);
  sections.push(`## ${title}\n\n${meaning === "" ? "" : `${meaning}\n\n`}${table(fields)}`);
  for (const [name, schema] of Object.entries(fields)) writeInner(path, name, schema, sections, seen);
}

function writeVariant(
  path: string,
  described: Described,
  discriminator: string,
  sections: string[],
  seen: Set<unknown>,
): void {
  const { [discriminator]: word, ...fields } = fieldsOf(described.shape);
  const name = word === undefined ? "" : literalOf(word);
  const rows = Object.keys(fields).length === 0 ? "No options.\n" : table(fields);
  sections.push(`### ${path} with ${discriminator} \`${name}\`\n\n${rows}`);
  for (const [inner, schema] of Object.entries(fields)) writeInner(path, inner, schema, sections, seen);
}

function literalOf(schema: z.core.$ZodType): string {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  return def.type === "literal" ? def.values.map(String).join(", ") : "";
}

function writeInner(
  path: string,
  name: string,
  schema: z.core.$ZodType,
  sections: string[],
  seen: Set<unknown>,
): void {
  const outer = describe(schema);
  let described = outer;
  let place = path === "" ? name : `${path}.${name}`;
  if (described.shape.kind === "record") {
    described = describe(described.shape.value);
    place += ".NAME";
  }
  if (described.shape.kind === "list") {
    described = describe(described.shape.item);
    place += "[]";
  }
  if (described.shape.kind !== "object" && described.shape.kind !== "variants") return;
  writeSection(`\`${place}\``, place, described, outer.notes.description ?? "", sections, seen);
}

function table(fields: Readonly<Record<string, z.core.$ZodType>>): string {
  const rows = Object.entries(fields).map(([name, schema]) => {
    const described = describe(schema);
    const { notes } = described;
    const hazard = notes.hazard === undefined ? "" : ` **Hazard:** ${notes.hazard}`;
    const many = notes.isOneOrMany === true ? " One or a list." : "";
    return `| \`${name}\` | ${cell(`${notes.description ?? ""}${many}${hazard}`)} | ${cell(defaultOf(described))} | ${kindOf(described)} | ${notes.reload ?? "live"} |`;
  });
  return `| key | meaning | default | kind | on reload |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function defaultOf({ notes, defaultInput, isNullable }: Described): string {
  if (notes.defaultText !== undefined) return notes.defaultText;
  if (defaultInput === undefined) return isNullable ? "—" : "**required**";
  if (defaultInput === null) return "—";
  if (defaultInput === "") return "empty";
  if (typeof defaultInput === "string") return `\`${defaultInput}\``;
  if (typeof defaultInput !== "object") return `\`${JSON.stringify(defaultInput)}\``;
  const isEmpty = Object.keys(defaultInput).length === 0;
  return isEmpty ? (Array.isArray(defaultInput) ? "empty" : "—") : `\`${JSON.stringify(defaultInput)}\``;
}

const kindNames: Readonly<Record<string, string>> = {
  "duration-or-off": "duration or `off`",
  "count-or-unlimited": "number or `unlimited`",
  "factor-or-off": "number or `off`",
  "name-or-off": "name or `off`",
  "port-or-off": "`true`, `false` or a port",
};

function kindOf({ notes, shape }: Described): string {
  if (shape.kind === "list") return "list";
  if (shape.kind === "record") return "names and values";
  if (shape.kind === "object" || shape.kind === "variants") return "section";
  if (notes.valueKind !== undefined) return kindNames[notes.valueKind] ?? notes.valueKind;
  const words = notes.json?.["enum"];
  if (Array.isArray(words)) {
    // A word may stand beside the number that it looks like.
    const texts = new Set(words.filter((word) => word !== "").map((word) => `\`${String(word)}\``));
    return [...texts].join(", ");
  }
  return jsonKind(notes.json);
}

function jsonKind(json: unknown): string {
  const text = JSON.stringify(json ?? "");
  if (text.includes('"boolean"')) return "true or false";
  if (text.includes('"integer"') || text.includes('"number"')) return "number";
  return "text";
}

function rulesSection(): string {
  const rows = rules.map((rule) => `| \`${rule.name}\` | ${rule.severity} | ${rule.sentence} |`);
  return `## Rules that span fields\n\n| rule | severity | when |\n|---|---|---|\n${rows.join("\n")}\n`;
}
