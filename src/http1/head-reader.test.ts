import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadReader } from "./head-reader.ts";

const limits = { headBytesMax: 1000, headerCountMax: 10, targetBytesMax: 100 };
const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function read(reader: HeadReader, text: string): number {
  const buffer = Buffer.from(text, "latin1");
  return reader.read(buffer, 0, buffer.length);
}

test("it stops behind the head", () => {
  const reader = new HeadReader(limits);
  assert.equal(read(reader, `${request}rest`), request.length);
  assert.equal(reader.head?.target, "/");
});

test("a request has begun with its first octet, not with an empty line", () => {
  const reader = new HeadReader(limits);
  assert.equal(reader.hasBegun, false);
  read(reader, "\r\n");
  assert.equal(reader.hasBegun, false);
  read(reader, "G");
  assert.equal(reader.hasBegun, true);
  read(reader, request.slice(1));
  assert.equal(reader.head?.method, "GET");
  assert.equal(reader.hasBegun, false);
});

test("what can never become a head is refused before it ends", () => {
  const cases: readonly (readonly [text: string, cause: string])[] = [
    ["\x16\x03\x01", "bad-request-line"],
    ["GET / HTTP/1.1\nHost", "bad-request-line"],
    ["GET / HTTP/1.1\r\nHost: a\nX", "bad-header"],
    [`GET /${"x".repeat(200)}`, "target-too-long"],
    [`GET / HTTP/1.1\r\nX: ${"y".repeat(2000)}`, "head-too-large"],
    ["\r\n".repeat(10), "bad-request-line"],
    ["(): x", "bad-request-line"],
  ];
  for (const [text, cause] of cases) {
    const reader = new HeadReader(limits);
    read(reader, text);
    assert.equal(reader.fault, cause, JSON.stringify(text.slice(0, 40)));
  }
});

test("what may yet become a head is waited for", () => {
  for (const text of [
    "",
    "G",
    "GET",
    "GET ",
    "GET /",
    "GET / HTTP/1.1\r",
    "\r",
    "\r\n\r",
    "GET / HTTP/1.1\r\nHost",
  ]) {
    const reader = new HeadReader(limits);
    read(reader, text);
    assert.equal(reader.fault, null, JSON.stringify(text));
    assert.equal(reader.head, null, JSON.stringify(text));
  }
});
