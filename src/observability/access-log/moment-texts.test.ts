import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { MomentTexts } from "./moment-texts.ts";

test("every moment has its own text, in whatever order moments come", () => {
  const texts = new MomentTexts((time) => `at ${time}`);
  const start = Date.UTC(2026, 10, 21, 23, 59, 59, 990);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { maxLength: 30 }), (offsets) => {
      for (const offset of offsets) {
        const wallMs = start + offset;
        assert.equal(texts.get(wallMs), `at ${new Date(Math.floor(wallMs)).toISOString()}`);
      }
    }),
  );
});
