import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cause, errorTable } from "../core/errors.ts";
import type { RetryCondition } from "../upstream/pool.ts";
import { decideRetry, isIdempotent } from "./retry-decision.ts";

const settings = {
  attemptsMax: 3,
  replayBytesMax: 1000,
  on: new Set<RetryCondition>(["connect", "reset", "timeout"]),
  statuses: new Set<number>(),
  isNonIdempotentAllowed: false,
  attemptTimeoutMs: Number.POSITIVE_INFINITY,
  backoffBaseMs: 0,
  backoffMaxMs: 0,
  isRetryAfterRespected: false,
  grpcStatuses: new Set<number>(),
};

function decide(
  cause: Cause,
  method: string,
  attemptCount = 1,
  isBodyReplayable = true,
  changes: Partial<typeof settings> = {},
): string {
  return decideRetry(
    cause,
    { method, attemptCount, isBodyReplayable, isRepeatAllowed: false },
    { ...settings, ...changes },
  );
}

test("every cause of the table is decided by its rule", () => {
  const expected = {
    never: ["give-up", "give-up"],
    "if-reused": ["fresh-connection", "give-up"],
    "if-unprocessed": ["fresh-connection", "fresh-connection"],
    "if-idempotent": ["another-endpoint", "give-up"],
    "any-method": ["another-endpoint", "another-endpoint"],
  } as const;
  for (const [cause, { retry }] of Object.entries(errorTable)) {
    assert.deepEqual([decide(cause as Cause, "GET"), decide(cause as Cause, "POST")], expected[retry], cause);
  }
});

test("attempts run out, but a stale connection is not counted", () => {
  assert.equal(decide("connect-refused", "GET", 2), "another-endpoint");
  assert.equal(decide("connect-refused", "GET", 3), "give-up");
  assert.equal(decide("reset-before-head", "GET", 3), "give-up");
  assert.equal(decide("stale-connection", "GET", 3), "fresh-connection");
});

test("a body that is not all there any more ends all retries", () => {
  assert.equal(decide("connect-refused", "GET", 1, false), "give-up");
  assert.equal(decide("stale-connection", "GET", 1, false), "give-up");
});

test("the user's conditions take causes out", () => {
  const on = (...conditions: RetryCondition[]): Partial<typeof settings> => ({ on: new Set(conditions) });
  assert.equal(decide("connect-refused", "GET", 1, true, on("reset", "timeout")), "give-up");
  assert.equal(decide("reset-before-head", "GET", 1, true, on("connect", "timeout")), "give-up");
  assert.equal(decide("head-response-timeout", "GET", 1, true, on("connect", "reset")), "give-up");
  assert.equal(decide("head-response-timeout", "GET", 1, true, on("timeout")), "another-endpoint");
  assert.equal(decide("retried-status", "GET", 1, true, on()), "another-endpoint");
});

test("the user may allow what is not idempotent", () => {
  const allowed = { isNonIdempotentAllowed: true };
  assert.equal(decide("reset-before-head", "POST", 1, true, allowed), "another-endpoint");
  assert.equal(decide("stale-connection", "PATCH", 1, true, allowed), "fresh-connection");
});

test("idempotent methods are those of RFC 9110, spelled in capitals", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
    assert.equal(isIdempotent(method), true, method);
  for (const method of ["POST", "PATCH", "LOCK", "get", "CONNECT", ""])
    assert.equal(isIdempotent(method), false, method);
});

test("a gRPC status that the user listed is repeated although the call is a POST", () => {
  const facts = { method: "POST", attemptCount: 1, isBodyReplayable: true, isRepeatAllowed: true };
  assert.equal(decideRetry("retried-status", facts, settings), "another-endpoint");
  assert.equal(decideRetry("retried-status", { ...facts, isBodyReplayable: false }, settings), "give-up");
  assert.equal(decide("retried-status", "POST"), "give-up");
});
