import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Fields, parseFields } from "./fields.ts";

const name = fc.constantFrom("a", "A", "ab", "cookie", "Cookie", "user-agent", "User-Agent", "x-a");
const value = fc.constantFrom("", "1", " two ", "a: b", "\t3");
const lines = fc.array(fc.tuple(name, value), { maxLength: 12 });
const asked = ["a", "ab", "cookie", "user-agent", "x-a", "b"];

test("a field is the same whether it is looked up alone or in the index of all", () => {
  fc.assert(
    fc.property(lines, (pairs) => {
      const text = pairs.map(([key, content]) => `${key}:${content}\r\n`).join("");
      const fresh = (): Fields => parseFields(text, 0, text.length, 100, false) as Fields;
      const indexed = fresh();
      // More questions than are answered without an index.
      for (let count = 0; count < 10; count++) indexed.get("none");
      for (const lowerName of asked) {
        const values = pairs
          .filter(([key]) => key.toLowerCase() === lowerName)
          .map(([, content]) => content.trim());
        const expected = values.length === 0 ? undefined : values.join(lowerName === "cookie" ? "; " : ", ");
        assert.equal(fresh().get(lowerName), expected);
        assert.equal(indexed.get(lowerName), expected);
      }
    }),
  );
});
