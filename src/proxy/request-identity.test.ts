import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import {
  type IdentifiedRequest,
  RequestIdentity,
  type RequestIdSettings,
  type TracingSettings,
  withIdentity,
} from "./request-identity.ts";

const idSettings: RequestIdSettings = { headerName: "X-Request-Id", believe: "trusted", isInResponse: true };
const tracing: TracingSettings = {
  believe: "trusted",
  sampling: { share: 1, isParentFollowed: true },
  isExported: false,
};
const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

interface Marked extends IdentifiedRequest {
  readonly lines: string;
}

function mark(
  lines: string,
  settings: { id?: RequestIdSettings | null; tracing?: TracingSettings | null; isTrusted?: boolean },
): Marked {
  const identity = new RequestIdentity(settings.id ?? null, settings.tracing ?? null, seededRandom(1));
  const request: IdentifiedRequest = { requestId: "", traceId: "", trace: null, identityLine: "" };
  return { lines: identity.mark(lines, settings.isTrusted ?? true, request), ...request };
}

test("a request without an identifier gets one, and the client is told", () => {
  const { lines, requestId, identityLine } = mark("Accept: */*\r\n", { id: idSettings });
  assert.match(requestId, /^[0-9a-f]{32}$/);
  assert.equal(lines, `Accept: */*\r\nX-Request-Id: ${requestId}\r\n`);
  assert.equal(identityLine, `X-Request-Id: ${requestId}\r\n`);
});

test("an identifier is taken over from those who are believed", () => {
  for (const [believe, isTrusted, isTaken] of [
    ["nobody", true, false],
    ["trusted", true, true],
    ["trusted", false, false],
    ["everybody", false, true],
  ] as const) {
    const sent = "A: b\r\nx-request-ID: \t abc-123 \r\nC: d\r\n";
    const { lines, requestId } = mark(sent, { id: { ...idSettings, believe }, isTrusted });
    assert.equal(requestId === "abc-123", isTaken, believe);
    assert.equal(lines, `A: b\r\nC: d\r\nX-Request-Id: ${requestId}\r\n`, "it stands there once");
  }
});

test("an identifier that would hurt in a log is replaced", () => {
  for (const sent of ["", " ", "a b", 'a"b', "x".repeat(129), "a,b", "é"]) {
    const { requestId } = mark(`X-Request-Id: ${sent}\r\n`, { id: idSettings });
    assert.match(requestId, /^[0-9a-f]{32}$/, JSON.stringify(sent));
  }
});

test("several identifiers leave one", () => {
  const { lines } = mark("X-Request-Id: a\r\nX-Request-Id: b\r\n", { id: idSettings });
  assert.equal(lines, "X-Request-Id: a\r\n");
});

test("a trace is continued with a span of our own", () => {
  const sent = `traceparent: ${parent}\r\nA: b\r\nTraceState: x=1\r\ntracestate: y=2\r\n`;
  const { lines, traceId } = mark(sent, { tracing });
  assert.equal(traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.match(
    lines,
    /^A: b\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01\r\ntracestate: x=1,y=2\r\n$/,
  );
  assert.doesNotMatch(lines, /b7ad6b7169203331/);
});

test("a new trace begins where there is none, it is not valid, or nobody believes it", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["A: b\r\n", true],
    [
      "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\ntracestate: x=1\r\nA: b\r\n",
      true,
    ],
    [`traceparent: ${parent}\r\ntracestate: x=1\r\nA: b\r\n`, false],
    [`traceparent: ${parent}\r\ntraceparent: ${parent}\r\ntracestate: x=1\r\nA: b\r\n`, true],
  ];
  for (const [sent, isTrusted] of cases) {
    const { lines, traceId } = mark(sent, { tracing, isTrusted });
    assert.notEqual(traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.match(lines, /^A: b\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-03\r\n$/, sent);
  }
});

test("without either, nothing is touched", () => {
  const identity = new RequestIdentity(null, null, seededRandom(1));
  assert.equal(identity.isIdle, true);
  assert.equal(mark(`traceparent: ${parent}\r\n`, {}).lines, `traceparent: ${parent}\r\n`);
});

test("what an endpoint sends under the identifier's name gives way", () => {
  const lines = "Date: now\r\nx-request-id: theirs\r\nA: b\r\n";
  assert.equal(withIdentity(lines, "X-Request-Id: ours\r\n"), "Date: now\r\nA: b\r\nX-Request-Id: ours\r\n");
});
