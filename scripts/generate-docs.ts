/**
 * Writes the documents that are derived from the code. With `--check` it writes nothing and exits 1 when
 * one of them is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configurationDocument } from "../src/config/documentation.ts";
import { configJsonSchema } from "../src/config/json-schema.ts";

/** Path below the repository, and what it must contain. */
const documents: readonly (readonly [path: string, content: () => string])[] = [
  ["docs/configuration.md", configurationDocument],
  ["docs/headgate.schema.json", () => `${JSON.stringify(configJsonSchema(), null, 1)}\n`],
];

const isCheck = process.argv.includes("--check");
let isStale = false;

for (const [path, content] of documents) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const fresh = content();
  if (fresh === readOrEmpty(file)) continue;
  if (isCheck) {
    isStale = true;
    console.error(`${path} is stale: run node scripts/generate-docs.ts`);
  } else {
    writeFileSync(file, fresh);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = isStale ? 1 : 0;

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
