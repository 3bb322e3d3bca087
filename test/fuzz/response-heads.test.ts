/** Response heads: the parser never throws, remembers nothing it should not, and forwards only whole, clean lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ResponseHeadParser } from "../../src/http1/response-head.ts";
import { responseFraming } from "../../src/http1/framing.ts";
import { anyHarms, anyNoise, fuzzSettings, harmed } from "../support/fuzz.ts";

const field = fc.constantFrom(
  "X: y",
  "Content-Length: 3",
  "Content-Length: 4",
  "Transfer-Encoding: chunked",
  "Connection: close",
  "Connection: x",
  "Set-Cookie: a",
  "X : y",
  "Keep-Alive: timeout=5",
);
const anyHead = fc
  .tuple(
    fc.constantFrom(
      "HTTP/1.1 200 OK",
      "HTTP/1.0 404 Not Found",
      "HTTP/1.1 204 ",
      "HTTP/1.1 101 Switching",
      "HTTP/1.1 999 \u00e9",
    ),
    fc.array(field, { maxLength: 5 }),
    anyHarms,
  )
  .map(([line, fields, harms]) => `${harmed([line, ...fields, ""].join("\r\n"), harms)}\r\n`)
  .filter((text) => text.indexOf("\r\n\r\n") === text.length - 4 || !text.includes("\r\n\r\n"));

function parse(parser: ResponseHeadParser, text: string): unknown {
  const whole = text.endsWith("\r\n\r\n") ? text : `${text}\r\n\r\n`;
  const end = whole.indexOf("\r\n\r\n") + 4;
  const head = parser.parse(whole, 0, end);
  if (typeof head === "string") return head;
  const { versionMinor, status, reason, fields } = head;
  return {
    versionMinor,
    status,
    reason,
    forwardable: fields.forwardable,
    connection: fields.connection,
    framing: responseFraming(fields, status, "GET", versionMinor),
  };
}

test("a parser that has seen other heads reads like a fresh one", () => {
  const used = new ResponseHeadParser(10);
  fc.assert(
    fc.property(fc.oneof(anyHead, anyNoise), (text) => {
      const fresh = parse(new ResponseHeadParser(10), text);
      assert.deepEqual(parse(used, text), fresh);
      assert.deepEqual(parse(used, text), fresh);
    }),
    fuzzSettings(5000),
  );
});

test("lines that are passed on are whole and clean", () => {
  fc.assert(
    fc.property(anyHead, (text) => {
      const outcome = parse(new ResponseHeadParser(10), text);
      if (typeof outcome === "string") return;
      const { forwardable } = outcome as { forwardable: string };
      assert.match(forwardable, /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/);
      assert.doesNotMatch(
        forwardable,
        /^(?:connection|content-length|transfer-encoding|keep-alive|upgrade|te):/im,
      );
    }),
    fuzzSettings(3000),
  );
});
