/**
 * Header lines that tell a client about its allowance: the older X-RateLimit family, understood by
 * most clients, and RateLimit / RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers (from version
 * 8 on: structured fields, one item per policy). Retry-After is for refusals only.
 */
import type { RateLimitSettings } from "./rate-limiter.ts";
import type { Verdict } from "./verdict.ts";

/** Seconds, rounded up: a client that waits this long is never too early. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000 - 1e-9);
}

/** Value of Retry-After, at least 1, so that nobody is told to hammer. */
export function retryAfterSeconds(retryAfterMs: number): number {
  return Math.max(1, wholeSeconds(retryAfterMs));
}

/** A structured-field string (RFC 9651 §3.3.3) of a limit's name; what it cannot carry becomes `_`. */
function quoted(name: string): string {
  return `"${name.replace(/[^\x20-\x7e]|["\\]/g, "_")}"`;
}

/** The part that never changes: value of RateLimit-Policy. Quota and window as configured; windows below 1 s have no `w`. */
export function rateLimitPolicy(name: string, settings: RateLimitSettings): string {
  const { requests, periodMs } = settings;
  return periodMs % 1000 === 0
    ? `${quoted(name)};q=${requests};w=${periodMs / 1000}`
    : `${quoted(name)};q=${requests}`;
}

/** All header lines for an answer, each ended by CRLF. `policy` is `rateLimitPolicy` of the same limit. */
export function rateLimitFields(
  name: string,
  policy: string,
  settings: RateLimitSettings,
  verdict: Verdict,
): string {
  const reset = wholeSeconds(verdict.resetMs);
  let lines =
    `RateLimit-Policy: ${policy}\r\nRateLimit: ${quoted(name)};r=${verdict.remaining};t=${reset}\r\n` +
    `X-RateLimit-Limit: ${settings.requests}\r\nX-RateLimit-Remaining: ${verdict.remaining}\r\nX-RateLimit-Reset: ${reset}\r\n`;
  if (verdict.mustReject) lines += `Retry-After: ${retryAfterSeconds(verdict.retryAfterMs)}\r\n`;
  return lines;
}
