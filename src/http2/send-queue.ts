/**
 * Sends the streams' data within the windows of the peer and what the socket takes: at once where it may, and
 * otherwise later, one frame of each waiting stream in turn. What waits counts as the stream's backlog.
 */
import type { FrameWriter } from "./frame-writer.ts";
import { defaultWindow } from "./frames.ts";
import type { Http2Stream } from "./stream.ts";
import { WaitingBytes } from "./waiting-bytes.ts";

export interface SendQueueOwner {
  /** Everything of the stream has been sent but its end: trailers, "" for none. */
  sendEnd(stream: Http2Stream, trailers: string): void;
}

/** When the streams of a session together wait with more than this, none of them shall be given more. */
const waitingBytesMax = 1024 * 1024;
/** What a stream that waits is thought to take up itself. */
const streamBytes = 1024;

export class SendQueue {
  /** The connection's; each stream has its own beside it. */
  window = defaultWindow;
  readonly #writer: FrameWriter;
  readonly #owner: SendQueueOwner;
  readonly #queue: Http2Stream[] = [];
  #waitingBytes = 0;

  constructor(writer: FrameWriter, owner: SendQueueOwner) {
    this.#writer = writer;
    this.#owner = owner;
  }

  /** Octets that wait on all streams, and something for each of these. */
  get heldBytes(): number {
    return this.#waitingBytes + this.#queue.length * streamBytes;
  }

  get isFull(): boolean {
    return this.#waitingBytes > waitingBytesMax;
  }

  /** `bytes[start, end)` is not empty, and is the caller's again afterwards. */
  send(stream: Http2Stream, bytes: Buffer, start: number, end: number): void {
    let pos = start;
    if (stream.waiting === null) {
      const allowed = Math.min(end - start, stream.sendWindow, this.window);
      if (allowed > 0 && this.#writer.isReady) {
        pos = start + allowed;
        stream.sendWindow -= allowed;
        this.window -= allowed;
        this.#writer.data(stream.id, bytes, start, pos);
      }
      // A write that fails may have ended everything.
      if (pos === end || stream.isClosed) return;
      stream.waiting = new WaitingBytes();
      this.#queue.push(stream);
    }
    stream.waiting.push(bytes, pos, end);
    this.#waitingBytes += end - pos;
  }

  /** Sends what the windows and the socket allow by now. */
  pump(): void {
    let blocked = 0;
    while (this.#queue.length > blocked && this.#writer.isReady) {
      const stream = this.#queue.shift() as Http2Stream;
      const waiting = stream.waiting as WaitingBytes;
      const isBlocked = !this.#sendWaiting(stream, waiting);
      // Unless its owner was told and has put the stream here anew.
      if (stream.waiting === waiting) this.#queue.push(stream);
      blocked = isBlocked ? blocked + 1 : 0;
    }
  }

  /** What the stream has waiting is for nobody. */
  drop(stream: Http2Stream): void {
    const { waiting } = stream;
    if (waiting === null) return;
    this.#waitingBytes -= waiting.bytes;
    waiting.release();
    stream.waiting = null;
    const index = this.#queue.indexOf(stream);
    if (index !== -1) this.#queue.splice(index, 1);
  }

  /** One frame of what waits; false when a window is shut. */
  #sendWaiting(stream: Http2Stream, waiting: WaitingBytes): boolean {
    const bytes = Math.min(waiting.atOnce, stream.sendWindow, this.window);
    if (bytes <= 0) return false;
    stream.sendWindow -= bytes;
    this.window -= bytes;
    this.#writer.data(stream.id, waiting.next, waiting.from, waiting.from + bytes);
    // A write that fails may have ended everything.
    if (stream.waiting !== waiting) return true;
    this.#waitingBytes -= bytes;
    waiting.drop(bytes);
    if (waiting.bytes > 0) return true;
    stream.waiting = null;
    if (waiting.end !== null) this.#owner.sendEnd(stream, waiting.end);
    stream.handler.onDrain();
    return true;
  }
}
