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

/** Value of RateLimit-Policy. Quota and window as configured; windows below 1 s have no `w`. */
function policyOf(name: string, { requests, periodMs }: RateLimitSettings): string {
  return periodMs % 1000 === 0
    ? `${quoted(name)};q=${requests};w=${periodMs / 1000}`
    : `${quoted(name)};q=${requests}`;
}

/**
 * The header lines of one limit. What never changes is written once, and two answers in a row that say the
 * same share their text: quoting and joining anew costs a twentieth of a small exchange (`bench/protections.ts`).
 */
export class RateLimitHeaders {
  readonly #start: string;
  #remaining = -1;
  #reset = -1;
  #lines = "";

  constructor(name: string, settings: RateLimitSettings) {
    this.#start = `RateLimit-Policy: ${policyOf(name, settings)}\r\nX-RateLimit-Limit: ${settings.requests}\r\nRateLimit: ${quoted(name)};r=`;
  }

  /** All lines for an answer, each ended by CRLF. */
  linesFor(verdict: Verdict): string {
    const { remaining } = verdict;
    const reset = wholeSeconds(verdict.resetMs);
    if (remaining !== this.#remaining || reset !== this.#reset) {
      this.#remaining = remaining;
      this.#reset = reset;
      this.#lines = `${this.#start}${remaining};t=${reset}\r\nX-RateLimit-Remaining: ${remaining}\r\nX-RateLimit-Reset: ${reset}\r\n`;
    }
    return verdict.mustReject
      ? `${this.#lines}Retry-After: ${retryAfterSeconds(verdict.retryAfterMs)}\r\n`
      : this.#lines;
  }
}
