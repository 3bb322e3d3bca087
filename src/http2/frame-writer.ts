/**
 * Writes frames. Small ones are held back as text so that many leave in one write. Large spans of data are copied
 * with their headers into a block of memory, so that they, too, leave in few writes, and under TLS fill records.
 * While the stream is behind with the last writes, everything waits here for one more.
 *
 *   block: frames ── text: frames behind them ── the last small span, which may still become the end
 */
import { latin1, writeLatin1 } from "../core/latin1.ts";
import { dataSpanMax, Flag, frameBytesMax, frameHeader, frameHeaderBytes, FrameType } from "./frames.ts";
import { MemoryBlocks } from "./memory-blocks.ts";

/** The part of a byte stream that a session writes to. */
interface ByteSink {
  readonly writeBacklog: number;
  writeText(text: string): void;
  writeBytes(bytes: Uint8Array): boolean;
}

/** Up to here a span is cheaper to write as text together with what is held back. */
const textSpanMax = 4096;
const heldMax = 16 * 1024;
/** More than this in the socket, and data waits in its stream, where back-pressure sees it. */
const backlogMax = 64 * 1024;
/** Two records of TLS. */
const blocks = new MemoryBlocks(2 * (dataSpanMax + frameHeaderBytes), 64);
/** With less room than this a block counts as full. */
const roomMin = 1024;

export class FrameWriter {
  /** As the peer allows. */
  frameBytesMax = frameBytesMax;
  readonly #stream: ByteSink;
  #block: Buffer | null = null;
  #filled = 0;
  /** Where the last frame of data in the block begins, and its stream; no stream for none. */
  #spanAt = 0;
  #spanStreamId = 0;
  /** Comes behind the block. */
  #held = "";
  /** The last small span, without its header: END_STREAM may still be added. No stream for none. */
  #dataStreamId = 0;
  #data = "";
  /** Blocks that the stream keeps until it has drained. */
  readonly #lent: Buffer[] = [];

  constructor(stream: ByteSink) {
    this.#stream = stream;
  }

  /** May data be written, as far as the socket is concerned? */
  get isReady(): boolean {
    return this.#stream.writeBacklog < backlogMax;
  }

  /** Octets kept here: what is held back, and the blocks that the stream has not sent. */
  get heldBytes(): number {
    const blockCount = this.#lent.length + (this.#block === null ? 0 : 1);
    return blockCount * blocks.blockBytes + this.#held.length + this.#data.length;
  }

  /** A whole frame, or several. */
  hold(frames: string): void {
    this.#releaseData(0);
    this.#held += frames;
    if (this.#held.length > heldMax) this.flushAll();
  }

  /** `bytes[start, end)` as DATA frames. They are taken at once. */
  data(streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#releaseData(0);
    if (end - start <= textSpanMax && this.#block === null) {
      if (this.#held.length + end - start > heldMax) this.flushAll();
      this.#dataStreamId = streamId;
      this.#data = latin1(bytes, start, end);
      return;
    }
    let pos = start;
    while (pos < end) pos = this.#copySpan(streamId, bytes, pos, end);
  }

  /** END_STREAM, on the stream's last data if it has not left yet. */
  end(streamId: number): void {
    if (this.#dataStreamId === streamId) {
      this.#releaseData(Flag.endStream);
    } else if (this.#spanStreamId === streamId && this.#block !== null) {
      this.#block[this.#spanAt + 4] = Flag.endStream;
      this.#spanStreamId = 0;
    } else {
      this.hold(frameHeader(0, FrameType.data, Flag.endStream, streamId));
    }
  }

  /** Writes what is held back, now or when the stream has drained. */
  flush(): void {
    if (this.#lent.length === 0 && this.#stream.writeBacklog < heldMax) this.flushAll();
  }

  /** The stream has written everything. */
  drained(): void {
    for (const block of this.#lent) blocks.give(block);
    this.#lent.length = 0;
  }

  flushAll(): void {
    this.#releaseData(0);
    const text = this.#held;
    this.#held = "";
    const block = this.#block;
    if (block === null) {
      if (text !== "") this.#stream.writeText(text);
      return;
    }
    let length = this.#filled;
    const isTogether = text.length <= block.length - length;
    if (isTogether) length += writeLatin1(block, text, length);
    this.#block = null;
    this.#filled = 0;
    this.#spanStreamId = 0;
    if (this.#stream.writeBytes(block.subarray(0, length))) blocks.give(block);
    else this.#lent.push(block);
    if (!isTogether) this.#stream.writeText(text);
  }

  #releaseData(flags: number): void {
    if (this.#dataStreamId === 0) return;
    this.#held += frameHeader(this.#data.length, FrameType.data, flags, this.#dataStreamId) + this.#data;
    this.#dataStreamId = 0;
    this.#data = "";
  }

  /** One frame's worth into the block; returns where it ends. */
  #copySpan(streamId: number, bytes: Buffer, start: number, end: number): number {
    const block = this.#openBlock();
    const at = this.#filled;
    const room = block.length - at - frameHeaderBytes;
    const length = Math.min(end - start, room, this.frameBytesMax, dataSpanMax);
    writeDataHeader(block, at, length, streamId);
    bytes.copy(block, at + frameHeaderBytes, start, start + length);
    this.#spanAt = at;
    this.#spanStreamId = streamId;
    this.#filled = at + frameHeaderBytes + length;
    if (block.length - this.#filled < roomMin) this.flushAll();
    return start + length;
  }

  /** A block with room for data, what is held back moved into it. */
  #openBlock(): Buffer {
    if (this.#block !== null && this.#block.length - this.#filled - this.#held.length < roomMin)
      this.flushAll();
    this.#block ??= blocks.take();
    if (this.#held !== "") {
      this.#filled += writeLatin1(this.#block, this.#held, this.#filled);
      this.#held = "";
    }
    return this.#block;
  }
}

function writeDataHeader(block: Buffer, at: number, length: number, streamId: number): void {
  block[at] = 0;
  block[at + 1] = length >>> 8;
  block[at + 2] = length & 255;
  block[at + 3] = FrameType.data;
  block[at + 4] = 0;
  block[at + 5] = streamId >>> 24;
  block[at + 6] = (streamId >>> 16) & 255;
  block[at + 7] = (streamId >>> 8) & 255;
  block[at + 8] = streamId & 255;
}
