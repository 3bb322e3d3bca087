/**
 * How long the rest of a request that has been answered is read and thrown away, whichever version of HTTP it
 * came over, so that the client gets to read its answer (RFC 9112 §9.6, RFC 9113 §8.1). It only counts.
 */
/** Of silence. */
const idleMs = 5000;
/** In all. */
const totalMs = 30_000;
/** For clients that go on sending regardless. */
const bytesMax = 256 * 1024 * 1024;

export class Linger {
  readonly #endMs: number;
  #bytesLeft = bytesMax;

  constructor(nowMs: number) {
    this.#endMs = nowMs + totalMs;
  }

  /** `bytes` more have come: how long to wait for the next ones. 0 when enough was read. */
  waitMs(bytes: number, nowMs: number): number {
    this.#bytesLeft -= bytes;
    return this.#bytesLeft < 0 ? 0 : Math.max(0, Math.min(idleMs, this.#endMs - nowMs));
  }
}
