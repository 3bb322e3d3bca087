/** The configuration that sets every field, parsed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseConfig } from "../../src/config/parse.ts";
import { readYaml } from "../../src/config/read-yaml.ts";
import { renderIssues } from "../../src/config/render-issue.ts";
import type { Config } from "../../src/config/schema.ts";

export function readEverything(): { config: Config; source: ReturnType<typeof readYaml> } {
  const source = readYaml(
    "everything.yaml",
    readFileSync(new URL("../golden/everything.yaml", import.meta.url), "utf8"),
  );
  const result = parseConfig(source.value, source.origin);
  if ("issues" in result) assert.fail(renderIssues(result.issues));
  return { config: result.config, source };
}
