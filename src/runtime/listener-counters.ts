/**
 * A listener's numbers, shared by all workers: connections held now (which the limit is about) and
 * what came in so far.
 *
 *   Int32 × 7: connections held · accepted · refused over the limit · heads refused
 *              · TLS handshakes completed · of those resumed · failed
 *   then one Int32 per worker: the connections it holds, so that its death can be settled
 */
const word = {
  held: 0,
  accepted: 1,
  refused: 2,
  badHeads: 3,
  handshakes: 4,
  resumed: 5,
  failedHandshakes: 6,
} as const;
const headWords = 7;

export interface ListenerTotals {
  readonly connections: number;
  readonly accepted: number;
  readonly refusedConnections: number;
  readonly refusedHeads: number;
  /** TLS handshakes completed; `resumedHandshakes` of them continued an earlier session. */
  readonly handshakes: number;
  readonly resumedHandshakes: number;
  readonly failedHandshakes: number;
}

export class ListenerCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #ownWord: number;

  constructor(buffer: SharedArrayBuffer, workerIndex: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#ownWord = headWords + workerIndex;
  }

  static create(workerCount: number): ListenerCounters {
    return new ListenerCounters(new SharedArrayBuffer((headWords + workerCount) * 4), 0);
  }

  /** Takes a place for a connection; false when `connectionsMax` are held already. */
  tryAccept(connectionsMax: number): boolean {
    if (Atomics.add(this.#words, word.held, 1) >= connectionsMax) {
      Atomics.sub(this.#words, word.held, 1);
      Atomics.add(this.#words, word.refused, 1);
      return false;
    }
    Atomics.add(this.#words, this.#ownWord, 1);
    Atomics.add(this.#words, word.accepted, 1);
    return true;
  }

  closed(): void {
    Atomics.sub(this.#words, word.held, 1);
    Atomics.sub(this.#words, this.#ownWord, 1);
  }

  headRefused(): void {
    Atomics.add(this.#words, word.badHeads, 1);
  }

  secured(isResumed: boolean): void {
    Atomics.add(this.#words, word.handshakes, 1);
    if (isResumed) Atomics.add(this.#words, word.resumed, 1);
  }

  handshakeFailed(): void {
    Atomics.add(this.#words, word.failedHandshakes, 1);
  }

  /** After a worker died: gives back the connections it held. */
  releaseWorker(workerIndex: number): void {
    Atomics.sub(this.#words, word.held, Atomics.exchange(this.#words, headWords + workerIndex, 0));
  }

  read(): ListenerTotals {
    return {
      connections: Atomics.load(this.#words, word.held),
      accepted: Atomics.load(this.#words, word.accepted) >>> 0,
      refusedConnections: Atomics.load(this.#words, word.refused) >>> 0,
      refusedHeads: Atomics.load(this.#words, word.badHeads) >>> 0,
      handshakes: Atomics.load(this.#words, word.handshakes) >>> 0,
      resumedHandshakes: Atomics.load(this.#words, word.resumed) >>> 0,
      failedHandshakes: Atomics.load(this.#words, word.failedHandshakes) >>> 0,
    };
  }
}
