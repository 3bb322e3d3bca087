/**
 * Each file in `config/` is a configuration, a line of dashes, and the report that Headgate gives on it.
 * Further files of the same configuration stand behind `=== name`. After a deliberate change, run with
 * GOLDEN_UPDATE=1 and read the difference.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfigFile } from "../../src/config/load.ts";
import { renderIssues } from "../../src/config/render-issue.ts";
import { rules } from "../../src/config/rules/all.ts";
import { memoryReader } from "../support/memory-reader.ts";

const folder = fileURLToPath(new URL("config/", import.meta.url));
const dashes = `${"-".repeat(60)}\n`;
const environment = { ACCESS_LOG: "/var/log/access.log", WORKERS: "several" };

const cases = readdirSync(folder)
  .filter((file) => file.endsWith(".txt"))
  .toSorted();

test("there are at least sixty configurations that are refused", () => {
  const refused = cases.filter((file) => !file.startsWith("warns-"));
  assert.ok(refused.length >= 60, `only ${refused.length}`);
});

for (const file of cases) {
  test(`the report on ${file.replace(/\.txt$/, "")} is the expected one`, async () => {
    const path = `${folder}${file}`;
    const [input = "", expected = ""] = readFileSync(path, "utf8").split(dashes);
    const name = file.replace(/\.txt$/, "");
    const actual = await reportOn(name, input);
    if (process.env["GOLDEN_UPDATE"] === "1") writeFileSync(path, `${input}${dashes}${actual}`);
    else assert.equal(actual, expected);
    assert.equal(actual.includes("error"), !file.startsWith("warns-"));
  });
}

test("every rule is seen at work in some case", () => {
  const reports = cases.map((file) => readFileSync(`${folder}${file}`, "utf8").split(dashes)[1] ?? "").join("\n");
  const silent = rules.filter((rule) => !reports.includes(`[${rule.name}]`)).map((rule) => rule.name);
  assert.deepEqual(silent, []);
});

/** The report, with the code of each issue behind its first line. */
async function reportOn(name: string, input: string): Promise<string> {
  const [first = "", ...others] = input.split(/^=== /m);
  const files = new Map([[name, first]]);
  for (const other of others) files.set(other.slice(0, other.indexOf("\n")), other.slice(other.indexOf("\n") + 1));
  const result = await loadConfigFile(name, memoryReader(files, environment));
  const issues = "issues" in result ? result.issues : result.warnings;
  return renderIssues(issues.map((issue) => ({ ...issue, message: `${issue.message} [${issue.code}]` })));
}
