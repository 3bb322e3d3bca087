/**
 * Writes frames. Small ones are held back as text so that many leave in one write; large spans of data go out
 * without being copied, as HTTP/1 bodies do.
 */
import { latin1 } from "../core/latin1.ts";
import { Flag, frameBytesMax, frameHeader, FrameType } from "./frames.ts";

/** The part of a byte stream that a session writes to. */
interface ByteSink {
  readonly writeBacklog: number;
  writeText(text: string): void;
  writeBytes(bytes: Uint8Array): boolean;
}

interface BorrowedFrom {
  readonly isReadBufferShared: boolean;
  replaceReadBuffer(): void;
}

/** Up to here a span is cheaper to write as text together with what is held back. */
const textSpanMax = 4096;
const heldMax = 16 * 1024;
/** More than this in the socket, and data waits in its stream, where back-pressure sees it. */
const backlogMax = 64 * 1024;

export class FrameWriter {
  /** As the peer allows. */
  frameBytesMax = frameBytesMax;
  readonly #stream: ByteSink;
  #held = "";
  /** The last small span, without its header: END_STREAM may still be added. No stream for none. */
  #dataStreamId = 0;
  #data = "";

  constructor(stream: ByteSink) {
    this.#stream = stream;
  }

  /** May data be written, as far as the socket is concerned? */
  get isReady(): boolean {
    return this.#stream.writeBacklog < backlogMax;
  }

  /** A whole frame, or several. */
  hold(frames: string): void {
    this.#releaseData(0);
    this.#held += frames;
    if (this.#held.length > heldMax) this.flush();
  }

  /** `bytes[start, end)` as DATA frames. */
  data(streamId: number, source: BorrowedFrom, bytes: Buffer, start: number, end: number): void {
    let pos = start;
    while (pos < end) {
      const stop = Math.min(end, pos + this.frameBytesMax);
      if (stop - pos <= textSpanMax) {
        this.#releaseData(0);
        this.#dataStreamId = streamId;
        this.#data = latin1(bytes, pos, stop);
        if (this.#held.length + this.#data.length > heldMax) this.flush();
      } else {
        this.hold(frameHeader(stop - pos, FrameType.data, 0, streamId));
        this.flush();
        this.#writeSpan(source, bytes, pos, stop);
      }
      pos = stop;
    }
  }

  /** END_STREAM, on the stream's last data if it has not left yet. */
  end(streamId: number): void {
    if (this.#dataStreamId === streamId) this.#releaseData(Flag.endStream);
    else this.hold(frameHeader(0, FrameType.data, Flag.endStream, streamId));
  }

  flush(): void {
    this.#releaseData(0);
    if (this.#held === "") return;
    const text = this.#held;
    this.#held = "";
    this.#stream.writeText(text);
  }

  #releaseData(flags: number): void {
    if (this.#dataStreamId === 0) return;
    this.#held += frameHeader(this.#data.length, FrameType.data, flags, this.#dataStreamId) + this.#data;
    this.#dataStreamId = 0;
    this.#data = "";
  }

  #writeSpan(source: BorrowedFrom, bytes: Buffer, start: number, end: number): void {
    if (source.isReadBufferShared) this.#stream.writeBytes(Buffer.from(bytes.subarray(start, end)));
    else if (!this.#stream.writeBytes(bytes.subarray(start, end))) source.replaceReadBuffer();
  }
}
