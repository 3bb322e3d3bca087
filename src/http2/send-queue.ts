/**
 * Sends the streams' data within the windows of the peer and what the socket takes: at once where it may, and
 * otherwise later, one frame of each waiting stream in turn. What waits counts as the stream's backlog.
 */
import type { FrameWriter } from "./frame-writer.ts";
import { defaultWindow } from "./frames.ts";
import type { ByteSource, Http2Stream, Waiting } from "./stream.ts";

export interface SendQueueOwner {
  /** Everything of the stream has been sent but its end: trailers, "" for none. */
  sendEnd(stream: Http2Stream, trailers: string): void;
}

export class SendQueue {
  /** The connection's; each stream has its own beside it. */
  window = defaultWindow;
  readonly #writer: FrameWriter;
  readonly #owner: SendQueueOwner;
  #queue: Http2Stream[] = [];

  constructor(writer: FrameWriter, owner: SendQueueOwner) {
    this.#writer = writer;
    this.#owner = owner;
  }

  /** `bytes[start, end)` is not empty. */
  send(stream: Http2Stream, source: ByteSource, bytes: Buffer, start: number, end: number): void {
    let pos = start;
    if (stream.waiting === null) {
      const allowed = Math.min(end - start, stream.sendWindow, this.window);
      if (allowed > 0 && this.#writer.isReady) {
        pos = start + allowed;
        stream.sendWindow -= allowed;
        this.window -= allowed;
        this.#writer.data(stream.id, source, bytes, start, pos);
      }
      if (pos === end) return;
    }
    this.#wait(stream, source, bytes.subarray(pos, end));
  }

  /** Sends what the windows and the socket allow by now. */
  pump(): void {
    let blocked = 0;
    while (this.#queue.length > blocked && this.#writer.isReady) {
      const stream = this.#queue.shift() as Http2Stream;
      const { waiting } = stream;
      const hasMoved = waiting === null || this.#sendWaiting(stream, waiting);
      if (stream.waiting === null) stream.isQueued = false;
      else this.#queue.push(stream);
      blocked = hasMoved ? 0 : blocked + 1;
    }
  }

  clear(): void {
    this.#queue = [];
  }

  /** A private buffer is kept as it is, a shared one must be copied. */
  #wait(stream: Http2Stream, source: ByteSource, bytes: Buffer): void {
    let chunk = bytes;
    if (source.isReadBufferShared) chunk = Buffer.from(bytes);
    else source.replaceReadBuffer();
    stream.waiting ??= { chunks: [], bytes: 0, end: null };
    stream.waiting.chunks.push(chunk);
    stream.waiting.bytes += chunk.length;
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#queue.push(stream);
  }

  /** One frame of what waits; false when a window is shut. */
  #sendWaiting(stream: Http2Stream, waiting: Waiting): boolean {
    const chunk = waiting.chunks[0] as Buffer;
    const bytes = Math.min(chunk.length, stream.sendWindow, this.window, this.#writer.frameBytesMax);
    if (bytes <= 0) return false;
    stream.sendWindow -= bytes;
    this.window -= bytes;
    waiting.bytes -= bytes;
    if (bytes < chunk.length) waiting.chunks[0] = chunk.subarray(bytes);
    else waiting.chunks.shift();
    this.#writer.data(stream.id, ownMemory, chunk, 0, bytes);
    if (waiting.bytes > 0) return true;
    stream.waiting = null;
    if (waiting.end !== null) this.#owner.sendEnd(stream, waiting.end);
    stream.handler.onDrain();
    return true;
  }
}

const ownMemory: ByteSource = { isReadBufferShared: false, replaceReadBuffer() {} };
