/**
 * Finds frames in a stream of reads, wherever they are cut. The payload of DATA is handed out as it comes;
 * of all other frames it is gathered first, and they are small by their limits. Header blocks over
 * several frames are put together here, bounded in octets and in frames (CONTINUATION floods).
 */
import { latin1 } from "../core/latin1.ts";
import { ErrorCode, Flag, frameBytesMax, frameHeaderBytes, FrameType } from "./frames.ts";

export interface FrameSink {
  /** A whole header block. */
  onHeaders(streamId: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** A DATA frame of `length` octets, padding included, begins; `isUseless` when it has neither data nor the end. */
  onDataBegin(streamId: number, length: number, isUseless: boolean): void;
  /** Part of its data. */
  onDataPart(streamId: number, bytes: Buffer, start: number, end: number): void;
  onDataEnd(streamId: number, isEnd: boolean): void;
  onPriority(streamId: number): void;
  onReset(streamId: number, code: number): void;
  /** Pairs of id (two octets) and value (four). */
  onSettings(bytes: Buffer, start: number, end: number): void;
  onSettingsAck(): void;
  onPing(payload: string, isAck: boolean): void;
  onGoAway(lastStreamId: number, code: number): void;
  onWindowUpdate(streamId: number, increment: number): void;
  /** Of a type that we do not know; ignored (§4.1), but counted by somebody. */
  onUnknownFrame(): void;
}

/** A block that needs more frames than this and its size is sent to annoy. */
const continuationsMax = 8;
const nothing = Buffer.alloc(0);

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #blockBytesMax: number;
  /** What must still come before the first frame. */
  #prefaceLeft: string;
  /** The beginning of a frame that the last read cut off. */
  #partial: Buffer = nothing;
  // A DATA frame that is being handed out.
  #dataStreamId = 0;
  #dataLeft = 0;
  #paddingLeft = 0;
  #dataFlags = 0;
  #isInData = false;
  // A header block that is being put together.
  #blockStreamId = 0;
  #block: Buffer = nothing;
  #blockIsEnd = false;
  #continuations = 0;
  #isStopped = false;
  #hasBegun = false;

  /** `blockBytesMax`: octets of one header block as it is sent, compressed. `preface`: of clients, else "". */
  constructor(sink: FrameSink, blockBytesMax: number, preface: string) {
    this.#sink = sink;
    this.#blockBytesMax = blockBytesMax;
    this.#prefaceLeft = preface;
  }

  /** A frame or a header block has begun and is not complete; the data of a DATA frame does not count. */
  get isUnfinished(): boolean {
    return this.#partial.length > 0 || this.#blockStreamId !== 0;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Octets that are kept of frames and blocks that are not complete. */
  get heldBytes(): number {
    return this.#partial.length + this.#block.length;
  }

  /** Nothing more is handed out, not even of the read under way. */
  stop(): void {
    this.#isStopped = true;
    this.#partial = nothing;
    this.#block = nothing;
  }

  /** Reads `bytes[0, length)`; returns the code with which the connection must end, or 0. */
  read(bytes: Buffer, length: number): number {
    let pos = 0;
    if (this.#prefaceLeft !== "") {
      pos = Math.min(length, this.#prefaceLeft.length);
      if (latin1(bytes, 0, pos) !== this.#prefaceLeft.slice(0, pos)) return ErrorCode.protocol;
      this.#prefaceLeft = this.#prefaceLeft.slice(pos);
    }
    if (this.#partial.length > 0) {
      const taken = this.#completePartial(bytes, length);
      if (taken < 0) return -taken;
      pos = taken;
    }
    while (pos < length && !this.#isStopped) {
      if (this.#isInData) {
        pos = this.#handOutData(bytes, pos, length);
        continue;
      }
      const frameEnd =
        length - pos < frameHeaderBytes ? length + 1 : pos + frameHeaderBytes + lengthAt(bytes, pos);
      if (length - pos >= frameHeaderBytes) {
        const fault = this.#faultInHeader(bytes, pos);
        if (fault !== 0) return fault;
        if (bytes[pos + 3] === FrameType.data && isDataReady(bytes, pos, length)) {
          pos = this.#beginData(bytes, pos);
          if (pos < 0) return -pos;
          continue;
        }
      }
      if (frameEnd > length) {
        this.#partial = Buffer.from(bytes.subarray(pos, length));
        return 0;
      }
      const fault = this.#take(bytes, pos, frameEnd);
      if (fault !== 0) return fault;
      pos = frameEnd;
    }
    return 0;
  }

  /** Adds to a frame that was cut off. Returns how much of the read was used, or minus the error code. */
  #completePartial(bytes: Buffer, length: number): number {
    const had = this.#partial.length;
    let pos = 0;
    if (had < frameHeaderBytes) {
      pos = Math.min(frameHeaderBytes - had, length);
      this.#partial = Buffer.concat([this.#partial, bytes.subarray(0, pos)]);
      if (this.#partial.length < frameHeaderBytes) return pos;
    }
    const header = this.#partial;
    const fault = this.#faultInHeader(header, 0);
    if (fault !== 0) return -fault;
    const whole = frameHeaderBytes + lengthAt(header, 0);
    // Of DATA only the header and the length of the padding are needed.
    const needed = header[3] === FrameType.data ? frameHeaderBytes + dataPrefixBytes(header, 0) : whole;
    const more = Math.min(needed - header.length, length - pos);
    const frame = more > 0 ? Buffer.concat([header, bytes.subarray(pos, pos + more)]) : header;
    if (frame.length < needed) {
      this.#partial = frame;
      return length;
    }
    this.#partial = nothing;
    if (header[3] === FrameType.data) {
      const begun = this.#beginData(frame, 0);
      return begun < 0 ? begun : pos + more;
    }
    const verdict = this.#take(frame, 0, whole);
    return verdict === 0 ? pos + more : -verdict;
  }

  /** What a frame's nine octets alone give away (§4.2, §6). */
  #faultInHeader(bytes: Buffer, pos: number): number {
    const length = lengthAt(bytes, pos);
    const type = bytes[pos + 3] as number;
    const streamId = streamIdAt(bytes, pos + 5);
    if (!this.#hasBegun) {
      // SETTINGS come before anything else (§3.4).
      const isAck = ((bytes[pos + 4] as number) & Flag.ack) !== 0;
      if (type !== FrameType.settings || isAck) return ErrorCode.protocol;
      this.#hasBegun = true;
    }
    if (length > frameBytesMax) return ErrorCode.frameSize;
    // A header block is one unit: nothing may come between its frames (§4.3).
    if (this.#blockStreamId !== 0 && (type !== FrameType.continuation || streamId !== this.#blockStreamId)) {
      return ErrorCode.protocol;
    }
    switch (type) {
      case FrameType.data:
      case FrameType.headers:
        return streamId === 0 ? ErrorCode.protocol : 0;
      case FrameType.continuation:
        return this.#blockStreamId === 0 ? ErrorCode.protocol : 0;
      case FrameType.priority:
      case FrameType.resetStream:
        if (streamId === 0) return ErrorCode.protocol;
        return length === (type === FrameType.priority ? 5 : 4) ? 0 : ErrorCode.frameSize;
      case FrameType.settings:
        if (streamId !== 0) return ErrorCode.protocol;
        if (((bytes[pos + 4] as number) & Flag.ack) !== 0) return length === 0 ? 0 : ErrorCode.frameSize;
        return length % 6 === 0 ? 0 : ErrorCode.frameSize;
      case FrameType.ping:
        if (streamId !== 0) return ErrorCode.protocol;
        return length === 8 ? 0 : ErrorCode.frameSize;
      case FrameType.goAway:
        if (streamId !== 0) return ErrorCode.protocol;
        return length >= 8 ? 0 : ErrorCode.frameSize;
      case FrameType.windowUpdate:
        return length === 4 ? 0 : ErrorCode.frameSize;
      case FrameType.pushPromise:
        // Clients may not push at all, and we tell servers not to (§8.4).
        return ErrorCode.protocol;
      default:
        return 0;
    }
  }

  /** A whole frame other than DATA. */
  #take(bytes: Buffer, pos: number, end: number): number {
    const sink = this.#sink;
    const type = bytes[pos + 3] as number;
    const flags = bytes[pos + 4] as number;
    const streamId = streamIdAt(bytes, pos + 5);
    const start = pos + frameHeaderBytes;
    switch (type) {
      case FrameType.headers:
        return this.#takeHeaders(streamId, flags, bytes, start, end);
      case FrameType.continuation:
        return this.#takeContinuation(flags, bytes, start, end);
      case FrameType.priority:
        sink.onPriority(streamId);
        return 0;
      case FrameType.resetStream:
        sink.onReset(streamId, bytes.readUInt32BE(start));
        return 0;
      case FrameType.settings:
        if ((flags & Flag.ack) !== 0) sink.onSettingsAck();
        else sink.onSettings(bytes, start, end);
        return 0;
      case FrameType.ping:
        sink.onPing(bytes.toString("latin1", start, end), (flags & Flag.ack) !== 0);
        return 0;
      case FrameType.goAway:
        sink.onGoAway(streamIdAt(bytes, start), bytes.readUInt32BE(start + 4));
        return 0;
      case FrameType.windowUpdate:
        sink.onWindowUpdate(streamId, streamIdAt(bytes, start));
        return 0;
      default:
        sink.onUnknownFrame();
        return 0;
    }
  }

  #takeHeaders(streamId: number, flags: number, bytes: Buffer, from: number, to: number): number {
    let start = from;
    let end = to;
    if ((flags & Flag.padded) !== 0) {
      if (start >= end) return ErrorCode.frameSize;
      end -= bytes[start++] as number;
    }
    if (start > end) return ErrorCode.protocol;
    if ((flags & Flag.priority) !== 0 && (start += 5) > end) return ErrorCode.frameSize;
    const isEnd = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) {
      this.#sink.onHeaders(streamId, bytes, start, end, isEnd);
      return 0;
    }
    this.#blockStreamId = streamId;
    this.#blockIsEnd = isEnd;
    this.#block = Buffer.from(bytes.subarray(start, end));
    this.#continuations = 0;
    return this.#block.length > this.#blockBytesMax ? ErrorCode.enhanceYourCalm : 0;
  }

  #takeContinuation(flags: number, bytes: Buffer, start: number, end: number): number {
    const isLast = (flags & Flag.endHeaders) !== 0;
    const isUseless = start === end && !isLast;
    const wanted = Math.ceil(this.#blockBytesMax / frameBytesMax);
    if (isUseless || ++this.#continuations > continuationsMax + wanted) return ErrorCode.enhanceYourCalm;
    if (this.#block.length + end - start > this.#blockBytesMax) return ErrorCode.enhanceYourCalm;
    this.#block = Buffer.concat([this.#block, bytes.subarray(start, end)]);
    if (!isLast) return 0;
    const block = this.#block;
    const streamId = this.#blockStreamId;
    this.#block = nothing;
    this.#blockStreamId = 0;
    this.#sink.onHeaders(streamId, block, 0, block.length, this.#blockIsEnd);
    return 0;
  }

  // DATA (§6.1).

  /** Returns where the data begins, or minus the error code. */
  #beginData(bytes: Buffer, pos: number): number {
    const length = lengthAt(bytes, pos);
    const flags = bytes[pos + 4] as number;
    const prefix = dataPrefixBytes(bytes, pos);
    const padding = prefix === 1 ? (bytes[pos + frameHeaderBytes] as number) : 0;
    if ((flags & Flag.padded) !== 0 && padding >= length) return -ErrorCode.protocol;
    this.#dataStreamId = streamIdAt(bytes, pos + 5);
    this.#dataFlags = flags;
    this.#dataLeft = length - prefix - padding;
    this.#paddingLeft = padding;
    this.#isInData = true;
    const isUseless = this.#dataLeft === 0 && (flags & Flag.endStream) === 0;
    this.#sink.onDataBegin(this.#dataStreamId, length, isUseless);
    this.#endDataIfComplete();
    return pos + frameHeaderBytes + prefix;
  }

  #handOutData(bytes: Buffer, pos: number, length: number): number {
    const dataEnd = Math.min(length, pos + this.#dataLeft);
    if (dataEnd > pos) {
      this.#dataLeft -= dataEnd - pos;
      this.#sink.onDataPart(this.#dataStreamId, bytes, pos, dataEnd);
    }
    const end = Math.min(length, dataEnd + this.#paddingLeft);
    this.#paddingLeft -= end - dataEnd;
    this.#endDataIfComplete();
    return end;
  }

  #endDataIfComplete(): void {
    if (this.#dataLeft > 0 || this.#paddingLeft > 0) return;
    this.#isInData = false;
    this.#sink.onDataEnd(this.#dataStreamId, (this.#dataFlags & Flag.endStream) !== 0);
  }
}

function lengthAt(bytes: Buffer, pos: number): number {
  return ((bytes[pos] as number) << 16) | ((bytes[pos + 1] as number) << 8) | (bytes[pos + 2] as number);
}

/** 31 bits; the first one is reserved (§4.1). */
function streamIdAt(bytes: Buffer, pos: number): number {
  return (
    (((bytes[pos] as number) & 127) << 24) |
    ((bytes[pos + 1] as number) << 16) |
    ((bytes[pos + 2] as number) << 8) |
    (bytes[pos + 3] as number)
  );
}

/** One octet tells the length of the padding, where there is any. */
function dataPrefixBytes(bytes: Buffer, pos: number): number {
  return ((bytes[pos + 4] as number) & Flag.padded) !== 0 && lengthAt(bytes, pos) > 0 ? 1 : 0;
}

function isDataReady(bytes: Buffer, pos: number, length: number): boolean {
  return length - pos >= frameHeaderBytes + dataPrefixBytes(bytes, pos);
}
