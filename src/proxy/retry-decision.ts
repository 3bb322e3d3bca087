/** May a failed attempt be followed by another? Read off the error table; nothing else decides it. */
import { type Cause, errorRow } from "../core/errors.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { RetryCondition, RetrySettings } from "../upstream/pool.ts";

/** What the decision depends on beside the cause. */
export interface AttemptFacts {
  readonly method: string;
  /** Attempts made so far, this one included; those on stale connections are not counted. */
  readonly attemptCount: number;
  /** Everything received of the request body so far can be sent again. */
  readonly isBodyReplayable: boolean;
  /** The user allowed this failure to be repeated whatever the method: a gRPC status is listed. */
  readonly isRepeatAllowed: boolean;
}

export type RetryDecision = "give-up" | "another-endpoint" | "fresh-connection";

/** RFC 9110 §9.2.2: safe methods, PUT and DELETE. */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

export function isIdempotent(method: string): boolean {
  return method === "GET" || idempotentMethods.has(method);
}

/** Could a request whose head this is be sent a second time, should the first be lost with its connection? */
export function isRepeatable(head: RequestHead, settings: RetrySettings): boolean {
  const { body } = head;
  if (body.kind === "chunked" || (body.kind === "length" && body.bytes > settings.replayBytesMax))
    return false;
  return settings.on.has("reset") && (isIdempotent(head.method) || settings.isNonIdempotentAllowed);
}

export function decideRetry(cause: Cause, facts: AttemptFacts, settings: RetrySettings): RetryDecision {
  if (!facts.isBodyReplayable) return "give-up";
  const condition = conditionOf(cause);
  if (condition !== null && !settings.on.has(condition)) return "give-up";
  const mayRepeat = facts.isRepeatAllowed || isIdempotent(facts.method) || settings.isNonIdempotentAllowed;
  switch (errorRow(cause).retry) {
    case "never":
      return "give-up";
    case "if-reused":
      // A stale connection is nobody's failure: the attempt is not counted and the endpoint not left.
      return mayRepeat ? "fresh-connection" : "give-up";
    case "if-unprocessed":
      // RFC 9113 §8.7: nothing was done, so anything may be repeated.
      return "fresh-connection";
    case "if-idempotent":
      return mayRepeat && facts.attemptCount < settings.attemptsMax ? "another-endpoint" : "give-up";
    case "any-method":
      return facts.attemptCount < settings.attemptsMax ? "another-endpoint" : "give-up";
  }
}

/** Which of the user's conditions a cause falls under; null for statuses, which have a list of their own. */
function conditionOf(cause: Cause): RetryCondition | null {
  if (cause === "retried-status") return null;
  if (cause === "head-response-timeout" || cause === "attempt-timeout") return "timeout";
  return errorRow(cause).stage === "connect" ? "connect" : "reset";
}

/** Nobody is left alone for longer than this, whatever its Retry-After says. */
const retryAfterMaxMs = 5 * 60_000;

/** Retry-After in ms from now: seconds or a date (RFC 9110 §10.2.3); 0 when absent or past. */
export function retryAfterMs(head: ResponseHead, wallMs: number): number {
  const value = head.fields.get("retry-after");
  if (value === undefined) return 0;
  const delayMs = /^[0-9]{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - wallMs;
  return delayMs > 0 ? Math.min(delayMs, retryAfterMaxMs) : 0;
}
