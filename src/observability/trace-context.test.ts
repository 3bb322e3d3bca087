import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { seededRandom } from "../core/random.ts";
import { childSpan, continueTrace, formatTraceparent, parseTraceContext } from "./trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const good = `00-${traceId}-${spanId}-01`;
const follow = { share: 0, isParentFollowed: true };

test("a valid header is read", () => {
  assert.deepEqual(parseTraceContext(good, "a=1"), {
    traceId,
    spanId,
    isSampled: true,
    isRandom: false,
    state: "a=1",
  });
});

const valid: readonly (readonly [string, boolean, boolean])[] = [
  [`00-${traceId}-${spanId}-00`, false, false],
  [`00-${traceId}-${spanId}-02`, false, true],
  [`00-${traceId}-${spanId}-ff`, true, true],
  [`  ${good} `, true, false],
  [`01-${traceId}-${spanId}-01`, true, false],
  [`cc-${traceId}-${spanId}-01-what-the-future-brings`, true, false],
];
for (const [header, isSampled, isRandom] of valid) {
  test(`valid: ${header}`, () => {
    const context = parseTraceContext(header, undefined);
    assert.deepEqual(
      [context?.traceId, context?.isSampled, context?.isRandom],
      [traceId, isSampled, isRandom],
    );
  });
}

const invalid = [
  "",
  "00",
  `ff-${traceId}-${spanId}-01`,
  `0-${traceId}-${spanId}-01`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId}-${spanId}-0`,
  `00-${traceId}-${spanId}-0x`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId}-${spanId}-01.`,
  `01-${traceId}-${spanId}-01.`,
  `00_${traceId}-${spanId}-01`,
  `${good}, ${good}`,
];
for (const header of invalid) {
  test(`invalid: ${JSON.stringify(header)}`, () => assert.equal(parseTraceContext(header, "a=1"), null));
}

const states: readonly (readonly [string, string])[] = [
  ["a=1,b=2", "a=1,b=2"],
  ["a=1 , ,b=2", "a=1,b=2"],
  ["tenant@vendor=x y", "tenant@vendor=x y"],
  ["a=1,a=2", ""],
  ["A=1", ""],
  ["a", ""],
  ["a=1=2", ""],
  ["a=\u00e9", ""],
  [Array.from({ length: 33 }, (_, index) => `k${index}=v`).join(","), ""],
  [
    `a=1,b=${"x".repeat(200)},c=${"y".repeat(200)},d=${"z".repeat(100)},e=5`,
    `a=1,b=${"x".repeat(200)},d=${"z".repeat(100)},e=5`,
  ],
];
for (const [header, expected] of states) {
  test(`tracestate ${header.slice(0, 40)} becomes ${expected.slice(0, 40) || "nothing"}`, () => {
    assert.equal(parseTraceContext(good, header)?.state, expected);
  });
}

test("no header makes the parser throw or give something it would not read itself", () => {
  const piece = fc.constantFrom("00", "01", "ff", "-", traceId, spanId, "0", "z", ",", " ");
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(text, text, (traceparent, tracestate) => {
      const context = parseTraceContext(traceparent, tracestate);
      if (context !== null) {
        assert.deepEqual(parseTraceContext(formatTraceparent(context), context.state), context);
      }
    }),
  );
});

test("a caller's trace goes on with a span of our own, its decision and its state", () => {
  const random = seededRandom(1);
  const parent = parseTraceContext(good, "a=1");
  const own = continueTrace(parent, follow, random);
  assert.deepEqual({ ...own, spanId }, parent);
  assert.match(own.spanId, /^[0-9a-f]{16}$/);
  assert.notEqual(own.spanId, spanId);
  const attempt = childSpan(own, random);
  assert.deepEqual({ ...attempt, spanId: own.spanId }, own);
  assert.notEqual(attempt.spanId, own.spanId);
});

test("a begun trace is valid, and identifiers do not repeat", () => {
  const random = seededRandom(2);
  const begun = Array.from({ length: 1000 }, () =>
    continueTrace(null, { share: 1, isParentFollowed: true }, random),
  );
  for (const context of begun) assert.deepEqual(parseTraceContext(formatTraceparent(context), ""), context);
  assert.equal(new Set(begun.map((context) => context.traceId)).size, 1000);
});

test("a generator that gives only zeros still makes valid identifiers", () => {
  const context = continueTrace(null, { share: 1, isParentFollowed: true }, { next: () => 0 });
  assert.notEqual(parseTraceContext(formatTraceparent(context), ""), null);
});

for (const share of [0, 0.1, 1]) {
  test(`about a share of ${share} of new traces is sampled`, () => {
    const random = seededRandom(3);
    let sampled = 0;
    for (let count = 0; count < 5000; count++) {
      if (continueTrace(null, { share, isParentFollowed: true }, random).isSampled) sampled++;
    }
    assert.ok(Math.abs(sampled / 5000 - share) < 0.02, String(sampled));
  });
}

test("without trust in callers the share decides, alike for every hop", () => {
  const distrust = { share: 0.5, isParentFollowed: false };
  const random = seededRandom(4);
  const decisions = Array.from({ length: 200 }, () => {
    const parent = continueTrace(null, { share: 1, isParentFollowed: true }, random);
    const first = continueTrace(parent, distrust, random).isSampled;
    assert.equal(continueTrace(parent, distrust, random).isSampled, first);
    return first;
  });
  assert.ok(decisions.includes(true) && decisions.includes(false));
});
