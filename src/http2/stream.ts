/**
 * One stream of a session: its windows, what waits to be sent on it, and who is told of what comes. The
 * session moves the frames; a stream knows no other stream.
 *
 *   open ─ we end ─▶ half-closed (local) ─ they end ─▶ closed
 *     └─ they end ─▶ half-closed (remote) ─ we end ─▶ closed      RST_STREAM from either side: closed
 */
import type { ByteStream } from "../core/transport.ts";
import type { Field } from "./field.ts";
import type { WaitingBytes } from "./waiting-bytes.ts";

/** Whoever lends the buffer must be told when it was kept. */
export type ByteSource = Pick<ByteStream, "isReadBufferShared" | "replaceReadBuffer">;

/** What a stream tells its owner. Never called after `onReset` or once both sides have ended. */
export interface Http2StreamHandler {
  /** A response head, an interim one, or trailers; `isEnd` when nothing follows. The list is lent. */
  onHeaders(fields: readonly Field[], isEnd: boolean): void;
  /** A header block that unfolds to more than we allow; the stream is still open. */
  onHeadersTooLarge(isEnd: boolean): void;
  onData(source: ByteSource, bytes: Buffer, start: number, end: number): void;
  onEnd(): void;
  /** One read's worth has been delivered. */
  onFlush(): void;
  /** Nothing waits to be sent any more. The end, if it waited, has been sent: this may be the last call. */
  onDrain(): void;
  /** The stream is gone. `isUnprocessed` when the peer vouches that it did nothing with it. */
  onReset(code: number, isUnprocessed: boolean): void;
}

/** What a stream asks of its session. */
export interface StreamCarrier {
  sendHeaders(stream: Http2Stream, block: string, isEnd: boolean): void;
  sendData(stream: Http2Stream, bytes: Buffer, start: number, end: number): void;
  /** So much waits on all streams that none shall be given more. */
  readonly isSendingTooMuch: boolean;
  sendEnd(stream: Http2Stream, trailers: string): void;
  resetStream(stream: Http2Stream, code: number): void;
  /** Reading goes on or stops: credit for what came is given or withheld. */
  resumed(stream: Http2Stream): void;
  /** A frame that wants nothing but to be received. */
  ping(): void;
  flush(): void;
}

export class Http2Stream {
  handler: Http2StreamHandler;
  /** 0 until a client's request is sent. */
  id: number;
  // For the session.
  sendWindow: number;
  receiveWindow: number;
  /** Received, but the peer may not send as much again yet. */
  uncredited = 0;
  /** Of those, what the connection's window lacks too. */
  withheld = 0;
  /** Bytes that wait for the windows or the socket. */
  waiting: WaitingBytes | null = null;
  isTouched = false;
  isPaused = false;
  hasLocalEnded = false;
  hasRemoteEnded = false;
  isClosed = false;
  readonly #carrier: StreamCarrier;

  constructor(
    carrier: StreamCarrier,
    handler: Http2StreamHandler,
    id: number,
    sendWindow: number,
    receiveWindow: number,
  ) {
    this.#carrier = carrier;
    this.handler = handler;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  /** Bytes that the peer's windows, or the socket, have not let through; Infinity when nobody shall add to them. */
  get backlog(): number {
    if (this.waiting === null) return 0;
    return this.#carrier.isSendingTooMuch ? Number.POSITIVE_INFINITY : this.waiting.bytes;
  }

  /** `block` is an encoded header block. */
  sendHeaders(block: string, isEnd: boolean): void {
    if (this.#maySend()) this.#carrier.sendHeaders(this, block, isEnd);
  }

  /** The bytes are the caller's again afterwards. */
  sendData(bytes: Buffer, start: number, end: number): void {
    if (start < end && this.#maySend()) this.#carrier.sendData(this, bytes, start, end);
  }

  /** `trailers` is an encoded header block, "" for none. */
  sendEnd(trailers: string): void {
    if (this.#maySend()) this.#carrier.sendEnd(this, trailers);
  }

  /** Breaks the stream off; its handler hears nothing more. */
  reset(code: number): void {
    if (!this.isClosed) this.#carrier.resetStream(this, code);
  }

  flush(): void {
    this.#carrier.flush();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isClosed) this.#carrier.resumed(this);
  }

  /** Makes the peer look at the connection. */
  ping(): void {
    this.#carrier.ping();
  }

  #maySend(): boolean {
    return !this.isClosed && !this.hasLocalEnded && (this.waiting === null || this.waiting.end === null);
  }
}
