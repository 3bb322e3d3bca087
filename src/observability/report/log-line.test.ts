import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../../../test/support/access-records.ts";
import { lineFormatOf } from "../access-log/line-format.ts";
import type { LogEntry } from "./log-entry.ts";
import { readLogLine } from "./log-line.ts";

const failed = sampleRecord({
  target: "/shop?token=1",
  status: 502,
  cause: "connect-refused",
  failedAttempts: [
    { endpoint: "b1", cause: "reset-before-head", detail: "ECONNRESET", durationMs: 1 },
    { endpoint: "b2", cause: "connect-refused", detail: "", durationMs: 2 },
  ],
  queueMs: 2,
  connectMs: 1.5,
  requestBodyBytes: 12,
});

function read(line: string): LogEntry {
  const result = readLogLine(line.trimEnd());
  assert.ok(result !== null, line);
  return result.entry;
}

for (const format of ["json", "logfmt"] as const) {
  test(`Headgate's own ${format} lines give back what was written`, () => {
    const line = lineFormatOf(format)(failed).trimEnd();
    assert.deepEqual(readLogLine(line), {
      format: format === "json" ? "headgate" : "logfmt",
      entry: {
        wallMs: Date.UTC(2026, 10, 21, 3, 9, 0, 123),
        status: 502,
        durationMs: 4.5,
        firstByteMs: 4.25,
        connectMs: 1.5,
        queueMs: 2,
        client: "192.0.2.7",
        method: "GET",
        path: "/shop",
        route: "all",
        pool: "app",
        endpoint: "b1",
        cause: "connect-refused",
        bytesIn: 12,
        bytesOut: 1234,
        failedAttempts: [
          { endpoint: "b1", cause: "reset-before-head" },
          { endpoint: "b2", cause: "connect-refused" },
        ],
      },
    });
  });
}

test("common and combined lines, of Headgate and of nginx, are read", () => {
  for (const format of ["common", "combined"]) {
    const entry = read(lineFormatOf(format)(failed));
    assert.deepEqual(
      [entry.client, entry.method, entry.path, entry.status, entry.bytesOut, entry.wallMs],
      ["192.0.2.7", "GET", "/shop", 502, 1234, Date.UTC(2026, 10, 21, 3, 9, 0)],
    );
  }
  const nginx =
    '203.0.113.9 - ann [21/Nov/2026:05:09:07 +0200] "POST /a?b=c HTTP/1.1" 201 5 "-" "curl/8 \\"x\\""';
  assert.deepEqual(
    [read(nginx).wallMs, read(nginx).method, read(nginx).status, read(nginx).durationMs],
    [Date.UTC(2026, 10, 21, 3, 9, 7), "POST", 201, Number.NaN],
  );
});

test("times and endpoints that nginx was told to add are found", () => {
  const base = '::1 - - [21/Nov/2026:03:09:07 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"';
  const cases: [string, number, string][] = [
    [" 0.012 10.0.0.1:8080", 12, "10.0.0.1:8080"],
    [' rt=0.250 uct="0.001" urt="0.249" upstream="[::1]:81"', 250, "[::1]:81"],
    [" 0.1 10.0.0.1:80, 10.0.0.2:80", 100, "10.0.0.2:80"],
    [' "-" gzip', Number.NaN, ""],
  ];
  for (const [more, durationMs, endpoint] of cases) {
    const entry = read(base + more);
    assert.deepEqual([entry.durationMs, entry.endpoint], [durationMs, endpoint], more);
  }
});

test("Caddy's lines are read, with numbers or with text for time and duration", () => {
  const request = { client_ip: "203.0.113.9", method: "GET", uri: "/x?y", host: "a" };
  const line = { level: "info", logger: "http.log.access", request, bytes_read: 3, size: 10, status: 200 };
  const numbers = read(JSON.stringify({ ...line, ts: 1_795_230_540.5, duration: 0.0125 }));
  assert.deepEqual(
    [numbers.wallMs, numbers.durationMs, numbers.client, numbers.path, numbers.bytesIn, numbers.bytesOut],
    [1_795_230_540_500, 12.5, "203.0.113.9", "/x", 3, 10],
  );
  const texts = read(JSON.stringify({ ...line, ts: "2026-11-21T03:09:00.5Z", duration: "1m2.5s" }));
  assert.deepEqual([texts.wallMs, texts.durationMs], [Date.UTC(2026, 10, 21, 3, 9, 0, 500), 62_500]);
  assert.equal(read(JSON.stringify({ ...line, ts: 1, duration: "812.5µs" })).durationMs, 0.8125);
});

test("a syslog daemon's header before the object does no harm", () => {
  const line = `<134>1 2026-11-21T03:09:00.123Z host headgate 4711 access - ${lineFormatOf("json")(failed)}`;
  assert.equal(read(line).cause, "connect-refused");
});

test("what tells of no exchange is no entry", () => {
  for (const line of [
    "",
    "hello",
    "{",
    "[1]",
    "null",
    '{"level":"info","ts":1,"msg":"serving"}',
    '{"time":"yesterday","status":200}',
    "time=2026-11-21T03:09:00Z level=info",
    '1.2.3.4 - - [99/Foo/2026:05:09:07 +0200] "GET / HTTP/1.1" 200 5',
    "<134>1 no object here",
  ])
    assert.equal(readLogLine(line), null, line);
});
