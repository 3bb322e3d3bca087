/** Suggestions for misspelt words. */
import assert from "node:assert/strict";
import test from "node:test";
import { nearestWord } from "./nearest-word.ts";

const words = ["method", "path", "header", "host"];
const cases: readonly (readonly [word: string, nearest: string | null])[] = [
  ["methd", "method"],
  ["PATH", "path"],
  ["hots", "host"],
  ["headers", "header"],
  ["zebra", null],
  ["x", null],
  ["", null],
];

for (const [word, nearest] of cases) {
  test(`"${word}" is taken for ${nearest}`, () => assert.equal(nearestWord(word, words), nearest));
}

test("the first of equally near words wins", () => assert.equal(nearestWord("cat", ["bat", "hat"]), "bat"));
