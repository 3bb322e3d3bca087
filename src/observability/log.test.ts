import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogLevel } from "../core/log.ts";
import { createLog, type LogFormat } from "./log.ts";

function capture(format: LogFormat, level: LogLevel = "debug", isColored = false) {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), close: () => {} };
  const clock = { wallMs: () => Date.UTC(2024, 7, 9, 2, 43, 48, 7) };
  return { log: createLog({ sink, clock, level, format, isColored }), lines };
}

test("machines get one JSON object a line", () => {
  const { log, lines } = capture("json");
  log.info("listening", { address: "127.0.0.1:8080", workers: 2 });
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.endsWith("\n"));
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    level: "info",
    time: "2024-08-09T02:43:48.007Z",
    address: "127.0.0.1:8080",
    workers: 2,
    message: "listening",
  });
});

test("people get one readable line, quoted where it would be unclear", () => {
  const { log, lines } = capture("human");
  log.warn("endpoint is down", {
    endpoint: "localhost:8081",
    reason: "connection refused",
    tried: 3,
    note: null,
  });
  assert.match(
    lines[0] ?? "",
    /^\d\d:43:48\.007 warn {2}endpoint is down {2}endpoint=localhost:8081 reason="connection refused" tried=3 note=null\n$/,
  );
});

test("text from outside cannot forge lines or move a terminal's cursor", () => {
  const { log, lines } = capture("human");
  log.info("odd\nmessage", { path: "/a\r\n12:00:00 error fake\u001b[2J\u009b" });
  assert.equal(lines[0]?.split("\n").length, 2);
  assert.doesNotMatch(lines[0]?.slice(0, -1) ?? "", /[\u0000-\u001f\u007f-\u009f]/);
});

test("the level is coloured for terminals only", () => {
  const plain = capture("human");
  const colored = capture("human", "debug", true);
  plain.log.error("x");
  colored.log.error("x");
  assert.doesNotMatch(plain.lines[0] ?? "", /\u001b/);
  assert.match(colored.lines[0] ?? "", /\u001b\[31merror\u001b\[0m/);
});

for (const format of ["human", "json"] as const) {
  test(`lines below the level are not written (${format})`, () => {
    const { log, lines } = capture(format, "warn");
    assert.equal(log.isDebug, false);
    for (const level of ["debug", "info", "warn", "error"] as const) log[level](`at ${level}`);
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /at warn/);
  });
}

test("a log at debug says so", () => {
  assert.equal(capture("json", "debug").log.isDebug, true);
});
