/**
 * The streams of one session by their numbers: who is open, who was reset a moment ago, which numbers have
 * not been used. A client's stream gets its number when its request is sent, for numbers must go out in order.
 */
import { ErrorCode } from "./frames.ts";
import type { Http2Stream } from "./stream.ts";

/** Streams we reset, for whose frames under way there is mercy. */
const recentlyResetMax = 1024;
/** A client that has come this far makes a new connection. */
const idMax = 2 ** 30;

export class StreamTable {
  /** The highest number the peer has used. */
  #lastPeerId = 0;
  /** It has left numbers out, which are closed by that and never were open. */
  #hasSkipped = false;
  readonly #isServer: boolean;
  readonly #byId = new Map<number, Http2Stream>();
  readonly #unsent = new Set<Http2Stream>();
  readonly #recentlyReset = new Set<number>();
  #nextId = 1;

  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  /** Those open, the unsent ones among them. */
  get size(): number {
    return this.#byId.size + this.#unsent.size;
  }

  get lastPeerId(): number {
    return this.#lastPeerId;
  }

  get hasNumbersLeft(): boolean {
    return this.#nextId < idMax;
  }

  get(id: number): Http2Stream | undefined {
    return this.#byId.get(id);
  }

  /** Open streams that have a number, in its order. */
  sent(): Http2Stream[] {
    return [...this.#byId.values()];
  }

  /** A request of the peer's. */
  accept(stream: Http2Stream): void {
    this.#byId.set(stream.id, stream);
  }

  /** One of ours that will be sent. */
  reserve(stream: Http2Stream): void {
    this.#unsent.add(stream);
  }

  giveNumber(stream: Http2Stream): void {
    this.#unsent.delete(stream);
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.#byId.set(stream.id, stream);
  }

  delete(stream: Http2Stream): void {
    if (stream.id !== 0) this.#byId.delete(stream.id);
    else this.#unsent.delete(stream);
  }

  /** Empties the table and hands over what was open. */
  takeAll(): Http2Stream[] {
    const all = [...this.#byId.values(), ...this.#unsent];
    this.#byId.clear();
    this.#unsent.clear();
    return all;
  }

  /** May a request begin on this number (RFC 9113 §5.1.1)? */
  isNextOfPeer(id: number): boolean {
    return this.#isServer && id % 2 === 1 && id > this.#lastPeerId;
  }

  /** The peer begins a request on it. */
  begin(id: number): void {
    if (id > this.#lastPeerId + 2) this.#hasSkipped = true;
    this.#lastPeerId = id;
  }

  /** The code for HEADERS on a number that is neither open nor next: a stream that ended (§5.1), or a wrong number. */
  faultOfHeaders(id: number): number {
    const hasBeenOpen = id % 2 === 1 && !this.isIdle(id) && !this.#hasSkipped;
    return hasBeenOpen ? ErrorCode.streamClosed : ErrorCode.protocol;
  }

  /** No stream of this number was ever begun. */
  isIdle(id: number): boolean {
    const isOurs = (id % 2 === 1) !== this.#isServer;
    return isOurs ? id >= this.#nextId : id > this.#lastPeerId;
  }

  rememberReset(id: number): void {
    this.#recentlyReset.add(id);
    if (this.#recentlyReset.size <= recentlyResetMax) return;
    for (const oldest of this.#recentlyReset) {
      this.#recentlyReset.delete(oldest);
      return;
    }
  }

  wasJustReset(id: number): boolean {
    return this.#recentlyReset.has(id);
  }
}
