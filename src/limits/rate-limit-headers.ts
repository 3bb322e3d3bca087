/**
 * Header lines that tell a client about its allowance: the older X-RateLimit family, understood by
 * most clients, and RateLimit / RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers (from version
 * 8 on: structured fields, one item per policy). Retry-After is for refusals only.
 */
import { inOnePiece } from "../core/latin1.ts";
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

/** Answers remembered, by their last digits: most limits never say as many different ones. A power of two. */
const answersRemembered = 256;

interface Answer {
  remaining: number;
  reset: number;
  lines: string;
  isInOnePiece: boolean;
}

/**
 * The header lines of one limit. Answers that say the same share their text, in one piece from the second time
 * on: the longer head is most of what a rate limit costs a small exchange (`bench/protections.ts`).
 */
export class RateLimitHeaders {
  readonly #start: string;
  /** What stands between the two places of `remaining`, for one `reset`. */
  #middle = "";
  #middleReset = -1;
  readonly #answers: readonly Answer[] = Array.from({ length: answersRemembered }, () => ({
    remaining: -1,
    reset: -1,
    lines: "",
    isInOnePiece: false,
  }));

  constructor(name: string, settings: RateLimitSettings) {
    this.#start = inOnePiece(
      `RateLimit-Policy: ${policyOf(name, settings)}\r\nX-RateLimit-Limit: ${settings.requests}\r\nRateLimit: ${quoted(name)};r=`,
    );
  }

  /** All lines for an answer, each ended by CRLF. */
  linesFor(verdict: Verdict): string {
    const lines = this.#linesOf(verdict.remaining, wholeSeconds(verdict.resetMs));
    return verdict.mustReject ? `${lines}Retry-After: ${retryAfterSeconds(verdict.retryAfterMs)}\r\n` : lines;
  }

  #linesOf(remaining: number, reset: number): string {
    const answer = this.#answers[remaining & (answersRemembered - 1)]!;
    if (answer.remaining !== remaining || answer.reset !== reset) {
      answer.remaining = remaining;
      answer.reset = reset;
      const left = String(remaining);
      answer.lines = `${this.#start}${left}${this.#middleFor(reset)}${left}\r\n`;
      answer.isInOnePiece = false;
    } else if (!answer.isInOnePiece) {
      answer.lines = inOnePiece(answer.lines);
      answer.isInOnePiece = true;
    }
    return answer.lines;
  }

  #middleFor(reset: number): string {
    if (reset !== this.#middleReset) {
      this.#middleReset = reset;
      this.#middle = inOnePiece(`;t=${reset}\r\nX-RateLimit-Reset: ${reset}\r\nX-RateLimit-Remaining: `);
    }
    return this.#middle;
  }
}
