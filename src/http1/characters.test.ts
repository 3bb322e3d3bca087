import assert from "node:assert/strict";
import { test } from "node:test";
import {
  equalsLowerCase,
  isFieldValueCode,
  isTargetCode,
  isToken,
  isTokenCode,
  listHasToken,
} from "./characters.ts";

function members(table: Uint8Array): string {
  return Array.from(table, (isMember, code) => (isMember === 1 ? String.fromCharCode(code) : "")).join("");
}

test("the classes of octets are those of RFC 9110 and RFC 9112", () => {
  assert.equal(
    members(isTokenCode),
    "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
  );
  assert.match(members(isFieldValueCode), /^\t[ -~]+[\x80-\xff]{128}$/);
  assert.match(members(isTargetCode), /^!"[$-~]+$/);
});

test("a name is equal whatever the case of its letters, and only then", () => {
  const cases: readonly (readonly [text: string, name: string, isEqual: boolean])[] = [
    ["Host", "host", true],
    ["hOST", "host", true],
    ["Hosts", "host", false],
    ["Hos", "host", false],
    // 0x0B and 0x0D differ from "+" and "-" by the bit that makes small letters of capitals.
    ["content\rlength", "content-length", false],
    ["Content@Length", "content`length", false],
  ];
  for (const [text, name, isEqual] of cases) {
    assert.equal(equalsLowerCase(text, 0, text.length, name), isEqual, text);
  }
  assert.equal(equalsLowerCase("xxHOSTxx", 2, 6, "host"), true);
});

test("a list has a token as a whole element, parameters aside", () => {
  const cases: readonly (readonly [list: string, token: string, has: boolean])[] = [
    ["close", "close", true],
    ["keep-alive, Close", "close", true],
    [" \tclose\t ", "close", true],
    ["close;q=1", "close", true],
    [",,close", "close", true],
    ["not-close", "close", false],
    ["closed", "close", false],
    ["close x", "close", false],
    ["x;close", "close", false],
    ["", "close", false],
    [",", "close", false],
  ];
  for (const [list, token, has] of cases) assert.equal(listHasToken(list, token), has, list);
});

test("a token is one or more token characters", () => {
  for (const text of ["GET", "a", "!#$%&'*+-.^_`|~09"]) assert.equal(isToken(text), true, text);
  for (const text of ["", "a b", "a:", "\u00e9", "a\0"]) assert.equal(isToken(text), false, text);
});
