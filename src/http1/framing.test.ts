import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fields, parseFields } from "./fields.ts";
import { requestFraming, responseFraming } from "./framing.ts";

function fieldsOf(lines: readonly string[]): Fields {
  const section = lines.map((line) => `${line}\r\n`).join("");
  const fields = parseFields(section, 0, section.length, 100, true);
  assert.ok(typeof fields !== "string");
  return fields;
}

const length = (bytes: number): object => ({ kind: "length", bytes });

test("the body of a request follows from its head, or the head is refused", () => {
  const cases: readonly (readonly [
    lines: readonly string[],
    versionMinor: 0 | 1,
    expected: object | string,
  ])[] = [
    [[], 1, { kind: "none" }],
    [["Content-Length: 0"], 1, length(0)],
    [["Content-Length: 7"], 0, length(7)],
    [["Content-Length: 9007199254740991"], 1, length(Number.MAX_SAFE_INTEGER)],
    [["Content-Length: 9007199254740992"], 1, "ambiguous-framing"],
    [["Content-Length: 7", "Content-Length: 7"], 1, "ambiguous-framing"],
    [["Content-Length: 7, 7"], 1, "ambiguous-framing"],
    [["Content-Length: 7x"], 1, "ambiguous-framing"],
    [["Transfer-Encoding: chunked"], 1, { kind: "chunked" }],
    [["Transfer-Encoding: chunked"], 0, "ambiguous-framing"],
    [["Transfer-Encoding: chunked", "Content-Length: 7"], 1, "ambiguous-framing"],
    [["Transfer-Encoding: gzip"], 1, "unknown-transfer-coding"],
    [["Transfer-Encoding: gzip, chunked"], 1, "unknown-transfer-coding"],
    [["Transfer-Encoding: chunked, gzip"], 1, "ambiguous-framing"],
    [["Transfer-Encoding: chunked, chunked"], 1, "ambiguous-framing"],
  ];
  for (const [lines, versionMinor, expected] of cases) {
    assert.deepEqual(
      requestFraming(fieldsOf(lines), versionMinor),
      expected,
      `${lines.join(" + ")} in 1.${versionMinor}`,
    );
  }
});

test("the body of a response follows from its head, status and method, or the head is bad", () => {
  const cases: readonly (readonly [
    lines: readonly string[],
    status: number,
    method: string,
    versionMinor: 0 | 1,
    expected: object | null,
  ])[] = [
    [[], 200, "GET", 1, { kind: "until-close" }],
    [[], 200, "GET", 0, { kind: "until-close" }],
    [["Content-Length: 7"], 200, "GET", 1, length(7)],
    [["Content-Length: 7", "Content-Length: 7"], 200, "GET", 1, length(7)],
    [["Content-Length: 7", "Content-Length: 8"], 200, "GET", 1, null],
    [["Content-Length: -7"], 200, "GET", 1, null],
    [["Transfer-Encoding: chunked"], 200, "GET", 1, { kind: "chunked" }],
    [["Transfer-Encoding: CHUNKED"], 200, "GET", 1, { kind: "chunked" }],
    [["Transfer-Encoding: chunked"], 200, "GET", 0, null],
    [["Transfer-Encoding: chunked", "Content-Length: 7"], 200, "GET", 1, null],
    [["Transfer-Encoding: gzip, chunked"], 200, "GET", 1, null],
    [["Content-Length: 7"], 200, "HEAD", 1, { kind: "none" }],
    [["Transfer-Encoding: chunked"], 200, "HEAD", 1, { kind: "none" }],
    [["Content-Length: x"], 200, "HEAD", 1, null],
    [["Content-Length: 7"], 204, "GET", 1, { kind: "none" }],
    [["Content-Length: 7"], 304, "GET", 1, { kind: "none" }],
    [[], 304, "GET", 1, { kind: "none" }],
  ];
  for (const [lines, status, method, versionMinor, expected] of cases) {
    assert.deepEqual(
      responseFraming(fieldsOf(lines), status, method, versionMinor),
      expected,
      `${lines.join(" + ")} of ${status} to ${method} in 1.${versionMinor}`,
    );
  }
});
