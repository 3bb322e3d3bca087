import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../../../test/support/access-records.ts";
import { syslogFormat } from "./syslog-frame.ts";

const format = syslogFormat(
  { facility: 16, hostName: "edge 1\n.example", appName: "headgate", processId: 4711 },
  () => "line\n",
);

test("a line becomes one RFC 5424 message, dated with the end of the exchange", () => {
  assert.equal(
    format(sampleRecord({ durationMs: 877 })),
    "<134>1 2026-11-21T03:09:01.000Z edge1.example headgate 4711 access - line\n",
  );
});

test("a 5xx is a warning and Headgate's own fault an error", () => {
  assert.match(format(sampleRecord({ status: 503 })), /^<132>1 /);
  assert.match(format(sampleRecord({ status: 500, cause: "internal-error" })), /^<131>1 /);
});
