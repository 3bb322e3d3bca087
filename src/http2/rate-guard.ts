/**
 * How often something may happen: a bucket that holds ten seconds' worth and refills all the time. For what
 * a peer may do for good reasons, but not for ever (RFC 9113 §10.5).
 */
const secondsHeld = 10;

export class RateGuard {
  readonly #perSecond: number;
  #tokens: number;
  #sinceMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond * secondsHeld;
    this.#sinceMs = nowMs;
  }

  /** Counts one; false when it is one too many. */
  take(nowMs: number): boolean {
    const refill = ((nowMs - this.#sinceMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond * secondsHeld, this.#tokens + refill) - 1;
    this.#sinceMs = nowMs;
    return this.#tokens >= 0;
  }

  /** Something was done that makes up for `count` of these. */
  refund(count: number): void {
    this.#tokens = Math.min(this.#perSecond * secondsHeld, this.#tokens + count);
  }
}
