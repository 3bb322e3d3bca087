import assert from "node:assert/strict";
import { test } from "node:test";
import { readRepositoryFile } from "../../test/support/repository.ts";
import { errorTable } from "../core/errors.ts";
import { errorsDocument } from "./errors-document.ts";

test("docs/errors.md is what the table says (node scripts/generate-errors.ts writes it)", () => {
  assert.equal(readRepositoryFile("docs/errors.md"), errorsDocument());
});

test("the document has every cause once, with its sentence and what to do", () => {
  const headings = errorsDocument().match(/^### .*$/gm) ?? [];
  assert.deepEqual(headings.toSorted(), Object.keys(errorTable).map((cause) => `### ${cause}`).toSorted()); // oxfmt-ignore
  for (const { sentence, fix } of Object.values(errorTable)) {
    assert.ok(errorsDocument().includes(sentence) && errorsDocument().includes(fix));
  }
});
