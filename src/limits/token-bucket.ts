/**
 * Bandwidth of one stream (one response, one upload): a token bucket over bytes that lets data pass and
 * then says how long to pause. For one owner; a limit over many streams and workers is a RateLimiter
 * charged with bytes.
 */
export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  #balanceBytes: number;
  #atMs: number;

  /** Full at the start: the first `burstBytes` pass at once. */
  constructor(bytesPerSecond: number, burstBytes: number, nowMs: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#burstBytes = burstBytes;
    this.#balanceBytes = burstBytes;
    this.#atMs = nowMs;
  }

  /**
   * Counts `bytes` that were passed on, and returns for how many ms nothing more should be: 0 while the
   * balance lasts, else until the debt is paid. Chunks are never split, so one may exceed the burst.
   */
  take(bytes: number, nowMs: number): number {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#bytesPerMs;
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#balanceBytes = Math.min(this.#burstBytes, this.#balanceBytes + earned) - bytes;
    return this.#balanceBytes < 0 ? -this.#balanceBytes / this.#bytesPerMs : 0;
  }
}
