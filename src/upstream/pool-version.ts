/**
 * A number that all workers see and that grows whenever something about a pool's endpoints changes
 * (health, weight, draining), so that lists of eligible endpoints are rebuilt only then.
 */
export class PoolVersion {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  get current(): number {
    return this.#words[0] as number;
  }

  bump(): void {
    Atomics.add(this.#words, 0, 1);
  }

  /** A cursor all workers share: 0, 1, 2 … each once. */
  next(): number {
    return Atomics.add(this.#words, 1, 1) >>> 0;
  }
}
