/** Query parameters and cookies found in raw text. */
import assert from "node:assert/strict";
import test from "node:test";
import { cookieValue, decodeQueryText, hasQueryValue, queryValue } from "./request-values.ts";

const queries: readonly (readonly [query: string, name: string, value: string | undefined])[] = [
  ["", "a", undefined],
  ["a=1", "a", "1"],
  ["ab=1&a=2", "a", "2"],
  ["a", "a", ""],
  ["a&b", "b", ""],
  ["a=1&a=2", "a", "1"],
  ["a=x=y", "a", "x=y"],
  ["%61=1", "a", "1"],
  ["%61", "a", ""],
  ["a+b=1", "a b", "1"],
  ["a=%20", "a", "%20"],
  ["&&a=1", "a", "1"],
  ["b=a=1", "a", undefined],
  ["%zz=1", "%zz", "1"],
];

for (const [query, name, value] of queries) {
  test(`the parameter ${name} of "${query}" is ${value}`, () => assert.equal(queryValue(query, name), value));
}

test("any of several parameters of one name may pass, in decoded form", () => {
  assert.equal(
    hasQueryValue("a=1&a=x%2By", "a", (value) => value === "x+y"),
    true,
  );
  assert.equal(
    hasQueryValue("a=1&b=2", "a", (value) => value === "2"),
    false,
  );
});

test("broken escapes stay as they are", () => {
  assert.equal(decodeQueryText("%zz+1"), "%zz+1");
  assert.equal(decodeQueryText("a+%C3%A9"), "a é");
});

const cookies: readonly (readonly [header: string | undefined, name: string, value: string | undefined])[] = [
  [undefined, "a", undefined],
  ["a=1", "a", "1"],
  ["b=2; a=1", "a", "1"],
  ["b=2;a=1", "a", "1"],
  ["aa=1; a=2", "a", "2"],
  ["b=a=3; c=1", "a", undefined],
  ['a="q"', "a", "q"],
  ["a=", "a", ""],
  ["a", "a", undefined],
  ["a; b=1", "a", undefined],
  ["A=1", "a", undefined],
  ["a=1; a=2", "a", "1"],
];

for (const [header, name, value] of cookies) {
  test(`the cookie ${name} of "${header}" is ${value}`, () => assert.equal(cookieValue(header, name), value));
}
