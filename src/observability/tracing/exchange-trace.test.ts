import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../core/random.ts";
import { formatTraceparent, type TraceContext } from "../trace-context.ts";
import { ExchangeTrace } from "./exchange-trace.ts";

const context: TraceContext = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  isSampled: true,
  isRandom: false,
  state: "",
};

test("each attempt names itself to its endpoint, and nothing else of the head changes", () => {
  const trace = new ExchangeTrace(context, "", seededRandom(1));
  const [first, second] = [trace.attemptBegan("b1", 1, false), trace.attemptBegan("b2", 2, true)];
  const lines = `X-Copy: b7ad6b7169203331\r\ntraceparent: ${formatTraceparent(context)}\r\nAccept: */*\r\n`;
  for (const attempt of [first, second]) {
    assert.ok(attempt !== null);
    assert.equal(
      attempt.retarget(lines),
      `X-Copy: b7ad6b7169203331\r\ntraceparent: 00-${context.traceId}-${attempt.spanId}-01\r\nAccept: */*\r\n`,
    );
  }
  assert.notEqual(first?.spanId, second?.spanId);
});

test("the first end of an attempt counts, and there are so many attempts and no more", () => {
  const trace = new ExchangeTrace(context, "", seededRandom(1));
  const attempt = trace.attemptBegan("b1", 5, false);
  attempt?.ended(8, 502, 1.5);
  attempt?.ended(90, 0, null);
  assert.deepEqual([attempt?.endedMs, attempt?.status, attempt?.connectMs], [8, 502, 1.5]);
  for (let i = 1; i < 64; i++) assert.ok(trace.attemptBegan("b", i, false) !== null);
  assert.equal(trace.attemptBegan("b", 100, false), null);
  assert.equal(trace.attempts.length, 64);
});
