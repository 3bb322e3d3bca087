import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { commonTime, isoTime, msText } from "./time-text.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

test("a moment is spelled as the standard library spells it, in any order of days", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), (wallMs) => {
      const date = new Date(Math.floor(wallMs));
      const iso = date.toISOString();
      assert.equal(isoTime(wallMs), iso);
      const month = months[date.getUTCMonth()];
      assert.equal(
        commonTime(wallMs),
        `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`,
      );
    }),
  );
});

const durations: readonly (readonly [number, string])[] = [
  [0, "0.000"],
  [-1, "0.000"],
  [Number.NaN, "0.000"],
  [0.0004, "0.000"],
  [0.0006, "0.001"],
  [1.5, "1.500"],
  [12.34, "12.340"],
  [999.9996, "1000.000"],
  [1_999_999.999, "1999999.999"],
  [86_400_000.25, "86400000.250"],
];

for (const [ms, text] of durations) {
  test(`${ms} ms is spelled ${text}`, () => {
    assert.equal(msText(ms), text);
  });
}
