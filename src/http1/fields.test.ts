import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fields, parseFields, withoutFields } from "./fields.ts";

function parsed(section: string, isResponse = false): Fields {
  const fields = parseFields(section, 0, section.length, 100, isResponse);
  assert.ok(typeof fields !== "string", fields as string);
  return fields;
}

test("ordinary lines are passed on to the letter", () => {
  const section = "X-One: 1\r\nx-two:2\r\nX-Empty:\r\nX-Blank: \t v \t\r\n";
  assert.equal(parsed(section).forwardable, section);
  assert.equal(parsed("").forwardable, "");
});

test("what a proxy must understand is taken out of what is passed on", () => {
  const fields = parsed(
    "Host: a\r\nA: 1\r\nContent-Length: 3\r\nB: 2\r\nConnection: close\r\nTE: trailers\r\nC: 3\r\nX-Real-IP: x\r\n",
  );
  assert.equal(fields.forwardable, "A: 1\r\nB: 2\r\nC: 3\r\n");
  assert.equal(fields.host, "a");
  assert.equal(fields.contentLength, "3");
  assert.equal(fields.connection, "close");
  assert.equal(fields.te, "trailers");
});

test("repeated lines are counted and joined", () => {
  const fields = parsed(
    "Content-Length: 1\r\nContent-Length: 2\r\nVia: a\r\nVia: b\r\nHost: x\r\nHost: y\r\n",
  );
  assert.equal(fields.contentLengthCount, 2);
  assert.equal(fields.contentLength, "1, 2");
  assert.equal(fields.via, "a, b");
  assert.equal(fields.hostCount, 2);
});

test("a value is found by name, lists joined, cookies joined in their own way", () => {
  const fields = parsed("Accept: a\r\naccept: b\r\nCookie: c=1\r\ncookie: d=2\r\nX:\r\n");
  assert.equal(fields.get("accept"), "a, b");
  assert.equal(fields.get("cookie"), "c=1; d=2");
  assert.equal(fields.get("x"), "");
  assert.equal(fields.get("y"), undefined);
  // Asked often enough, an index answers, and no differently.
  for (let i = 0; i < 10; i++) assert.equal(fields.get("accept"), "a, b");
  assert.equal(fields.get("cookie"), "c=1; d=2");
  assert.equal(fields.get("y"), undefined);
});

test("what Connection names is removed wherever it stands", () => {
  const fields = parsed("X-One: 1\r\nConnection: X-one, close\r\nX-Two: 2\r\nX-ONE: 3\r\n");
  assert.equal(fields.forwardable, "X-Two: 2\r\n");
});

test("a bad line is a fault", () => {
  const lines = [
    "no colon",
    ": no name",
    "a b: c",
    "a : b",
    " a: b",
    "a: \0",
    "a: b\rc",
    "a: b\nc: d",
    "\u00e9: a",
    "",
  ];
  for (const line of lines) {
    assert.equal(
      parseFields(`${line}\r\n`, 0, line.length + 2, 100, false),
      "bad-line",
      JSON.stringify(line),
    );
  }
  const ends = ["a: b", "a: b\r", "a: b\n", "a: b\n\n", "a: b\u0001\n", "a: b\u007f\n", "a: b\r\r"];
  for (const text of ends) {
    assert.equal(parseFields(text, 0, text.length, 100, false), "bad-line", JSON.stringify(text));
  }
});

test("a line may not run over the end of the section", () => {
  const text = "A: b\r\nC: d\r\n";
  assert.equal(parseFields(text, 0, 8, 100, false), "bad-line");
});

test("a response may have blanks before its colons; they are removed", () => {
  assert.equal(parsed("A \t: b\r\nC: d\r\n", true).forwardable, "A: b\r\nC: d\r\n");
  const fields = parsed("Content-Length : 3\r\n", true);
  assert.equal(fields.contentLength, "3");
  assert.equal(fields.forwardable, "");
});

test("too many lines are a fault", () => {
  const section = "A: b\r\n".repeat(4);
  assert.equal(parseFields(section, 0, section.length, 3, false), "too-many");
  assert.ok(typeof parseFields(section, 0, section.length, 4, false) !== "string");
});

test("lines are removed by a predicate on their names", () => {
  const isB = (text: string, start: number, end: number): boolean => text.slice(start, end) === "B";
  assert.equal(withoutFields("A: 1\r\nB: 2\r\nC: 3\r\nB: 4\r\n", isB), "A: 1\r\nC: 3\r\n");
  assert.equal(withoutFields("", isB), "");
});
