import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHeadParser } from "./response-head.ts";

test("status, reason and version are read; what stands around the head is not", () => {
  const parser = new ResponseHeadParser(10);
  const text = "before HTTP/1.0 404 Not here\r\nX: y\r\n\r\nbehind";
  const head = parser.parse(text, 7, text.length - 6);
  assert.ok(typeof head !== "string");
  assert.equal(head.versionMinor, 0);
  assert.equal(head.status, 404);
  assert.equal(head.reason, "Not here");
  assert.equal(head.fields.forwardable, "X: y\r\n");
});

test("the same octets give the same object, others do not", () => {
  const parser = new ResponseHeadParser(10);
  const parse = (text: string): unknown => parser.parse(text, 0, text.length);
  const first = parse("HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
  assert.equal(parse("HTTP/1.1 200 OK\r\nX: y\r\n\r\n"), first);
  assert.notEqual(parse("HTTP/1.1 201 OK\r\nX: y\r\n\r\n"), first);
  assert.notEqual(parse("HTTP/1.1 200 OK\r\nX: z\r\n\r\n"), first);
  assert.deepEqual(parse("HTTP/1.1 200 OK\r\nX: y\r\n\r\n"), first);
});

test("a status line that is none, a bad field and too many fields are faults", () => {
  const cases: readonly (readonly [text: string, fault: string])[] = [
    ["HTTP/1.1 20 OK\r\n\r\n", "bad-response"],
    ["HTTP/1.1 099 OK\r\n\r\n", "bad-response"],
    ["HTTP/2.0 200 OK\r\n\r\n", "bad-response"],
    ["HTTP/1.1 200OK\r\n\r\n", "bad-response"],
    ["ICY 200 OK\r\n\r\n", "bad-response"],
    ["HTTP/1.1 200 OK\r\nX\r\n\r\n", "bad-response"],
    [`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(11)}\r\n`, "response-head-too-large"],
  ];
  for (const [text, fault] of cases) {
    assert.equal(
      new ResponseHeadParser(10).parse(text, 0, text.length),
      fault,
      JSON.stringify(text.slice(0, 30)),
    );
  }
});
