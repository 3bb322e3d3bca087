/** Writes docs/errors.md from the error table; with `--check`, only says whether it is up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { errorsDocument } from "../src/observability/errors-document.ts";

const path = new URL("../docs/errors.md", import.meta.url);
const text = errorsDocument();

if (!process.argv.includes("--check")) {
  writeFileSync(path, text);
} else if (readFileSync(path, "utf8") !== text) {
  console.error("docs/errors.md is out of date: run node scripts/generate-errors.ts");
  process.exitCode = 1;
}
