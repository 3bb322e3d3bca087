/**
 * What the peer's frames mean: each is judged by the state of its stream (RFC 9113 §5.1) and handed to the
 * stream's owner. It sends only what the protocol answers by itself; the connection's life is the session's.
 */
import type { Field } from "./field.ts";
import type { FrameSink } from "./frame-reader.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { ErrorCode, pingFrame, resetFrame, settingsAck, windowMax } from "./frames.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import type { Conduct } from "./conduct.ts";
import type { PeerSettings } from "./peer-settings.ts";
import type { ReceiveWindow } from "./receive-window.ts";
import type { SendQueue } from "./send-queue.ts";
import type { SessionLimits } from "./session-limits.ts";
import type { StreamTable } from "./stream-table.ts";
import { type ByteSource, Http2Stream, type Http2StreamHandler, type StreamCarrier } from "./stream.ts";

/** The session, as its frames see it. */
export interface IntakeHost extends StreamCarrier {
  readonly isServer: boolean;
  /** False once the peer knows that later requests are ignored. */
  readonly isTakingRequests: boolean;
  /** Ends the connection for the peer's fault. */
  fault(code: number, reason: string): void;
  /** Takes the stream from the table. Its owner is not told. */
  close(stream: Http2Stream): void;
  /** The stream shall be told when the read has been taken in. */
  touch(stream: Http2Stream): void;
  /** Large frames come: worth reading into memory that can be passed on without a copy. */
  useBulk(): void;
  onRequest(stream: Http2Stream, fields: readonly Field[] | null, isEnd: boolean): void;
  onPeerSettings(): void;
  onPong(payload: string): void;
  onGoAway(lastStreamId: number, code: number): void;
}

/** Parts of one session that its intake works on. */
export interface IntakeParts {
  readonly source: ByteSource;
  readonly limits: SessionLimits;
  readonly peer: PeerSettings;
  readonly writer: FrameWriter;
  readonly streams: StreamTable;
  readonly sending: SendQueue;
  readonly receiving: ReceiveWindow;
  readonly conduct: Conduct;
}

const tableBytes = 4096;
const bulkFrameBytes = 8192;
/** A window opened by less than this makes us send in crumbs. */
const crumbBytes = 256;

const nobody: Http2StreamHandler = {
  onHeaders() {},
  onHeadersTooLarge() {},
  onData() {},
  onEnd() {},
  onFlush() {},
  onDrain() {},
  onReset() {},
};

export class FrameIntake implements FrameSink {
  readonly #host: IntakeHost;
  readonly #parts: IntakeParts;
  readonly #source: ByteSource;
  readonly #streams: StreamTable;
  readonly #receiving: ReceiveWindow;
  readonly #conduct: Conduct;
  readonly #decoder: HpackDecoder;
  #hasPeerSettings = false;

  constructor(host: IntakeHost, parts: IntakeParts) {
    this.#host = host;
    this.#parts = parts;
    this.#source = parts.source;
    this.#streams = parts.streams;
    this.#receiving = parts.receiving;
    this.#conduct = parts.conduct;
    this.#decoder = new HpackDecoder(tableBytes, parts.limits.headerListBytesMax);
  }

  /** Of the last block; where it was too large, those that fitted in. */
  get fields(): readonly Field[] {
    return this.#decoder.fields;
  }

  /** Octets of the peer's fields that are kept. */
  get heldBytes(): number {
    return this.#decoder.heldBytes;
  }

  /** Every block is decoded, also one that is of no interest: both sides' tables must stay the same. */
  onHeaders(streamId: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const verdict = this.#decoder.decode(bytes, start, end);
    if (verdict === "broken") return this.#host.fault(ErrorCode.compression, "a broken header block");
    const fields = verdict === "read" ? this.#decoder.fields : null;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#takeHeaders(stream, fields, isEnd);
    else if (this.#streams.isNextOfPeer(streamId)) this.#takeRequest(streamId, fields, isEnd);
    else if (this.#streams.wasJustReset(streamId)) this.#conduct.countChatter();
    else this.#host.fault(this.#streams.faultOfHeaders(streamId), "headers on a stream that is not open");
  }

  onDataBegin(streamId: number, length: number, isUseless: boolean): void {
    if (!this.#receiving.take(length))
      return this.#host.fault(ErrorCode.flowControl, "data beyond the connection's window");
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#takeLateData(streamId, length);
    if (!this.#receiving.takeFor(stream, length)) return this.#fail(stream, ErrorCode.flowControl);
    if (stream.hasRemoteEnded) return this.#fail(stream, ErrorCode.streamClosed);
    if (isUseless) this.#conduct.countChatter();
    if (length > bulkFrameBytes) this.#host.useBulk();
  }

  onDataPart(streamId: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#host.touch(stream);
    stream.handler.onData(this.#source, bytes, start, end);
  }

  onDataEnd(streamId: number, isEnd: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (isEnd) this.#remoteEnded(stream);
    if (!stream.isPaused && !stream.isClosed) this.#receiving.credit(stream);
  }

  onPriority(): void {
    // RFC 9113 §5.3.1: priorities of this kind are no more.
    this.#conduct.countChatter();
  }

  onReset(streamId: number, code: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#isIdle(streamId)) this.#host.fault(ErrorCode.protocol, "a reset of an idle stream");
      else this.#conduct.countChatter();
    } else if (this.#conduct.mayReset("too many requests were taken back")) {
      this.#host.close(stream);
      stream.handler.onReset(code, code === ErrorCode.refusedStream);
    }
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    const { peer, writer, sending } = this.#parts;
    if (this.#hasPeerSettings) this.#conduct.countChatter();
    this.#hasPeerSettings = true;
    const before = peer.initialWindow;
    const fault = peer.read(bytes, start, end);
    if (fault !== 0) return this.#host.fault(fault, "an invalid setting");
    writer.frameBytesMax = peer.frameBytesMax;
    writer.hold(settingsAck);
    const change = peer.initialWindow - before;
    for (const stream of change === 0 ? [] : this.#streams.sent()) {
      // §6.9.2: a window may become negative, but not too large.
      stream.sendWindow += change;
      if (stream.sendWindow > windowMax)
        return this.#host.fault(ErrorCode.flowControl, "a window beyond its limit");
    }
    if (change > 0) sending.pump();
    this.#host.onPeerSettings();
  }

  onSettingsAck(): void {
    this.#conduct.countChatter();
  }

  onPing(payload: string, isAck: boolean): void {
    this.#conduct.countChatter();
    if (isAck) this.#host.onPong(payload);
    else this.#parts.writer.hold(pingFrame(payload, true));
  }

  onGoAway(lastStreamId: number, code: number): void {
    this.#conduct.countChatter();
    this.#host.onGoAway(lastStreamId, code);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (increment < crumbBytes) this.#conduct.countChatter();
    if (streamId === 0) return this.#connectionWindowOpened(increment);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#isIdle(streamId)) this.#host.fault(ErrorCode.protocol, "a window of an idle stream");
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) this.#fail(stream, ErrorCode.protocol);
    else if (stream.sendWindow > windowMax) this.#fail(stream, ErrorCode.flowControl);
    else if (stream.waiting !== null) this.#parts.sending.pump();
  }

  onUnknownFrame(): void {
    this.#conduct.countChatter();
  }

  /** `fields` is null when they were too large. */
  #takeRequest(streamId: number, fields: readonly Field[] | null, isEnd: boolean): void {
    const { limits, writer, peer } = this.#parts;
    const host = this.#host;
    if (!host.isTakingRequests) return;
    this.#streams.begin(streamId);
    if (this.#streams.size >= limits.peerStreamsMax) {
      this.#streams.rememberReset(streamId);
      writer.hold(resetFrame(streamId, ErrorCode.refusedStream));
      this.#conduct.mayReset("too many requests at once");
      return;
    }
    this.#conduct.requestBegan();
    const stream = new Http2Stream(host, nobody, streamId, peer.initialWindow, limits.streamWindow);
    this.#streams.accept(stream);
    stream.hasRemoteEnded = isEnd;
    host.touch(stream);
    host.onRequest(stream, fields, isEnd);
  }

  #takeHeaders(stream: Http2Stream, fields: readonly Field[] | null, isEnd: boolean): void {
    if (stream.hasRemoteEnded) return this.#fail(stream, ErrorCode.streamClosed);
    // Trailers end a request; anything else is malformed (§8.1).
    if (this.#host.isServer && !isEnd) return this.#fail(stream, ErrorCode.protocol);
    this.#host.touch(stream);
    if (fields !== null) stream.handler.onHeaders(fields, isEnd);
    else stream.handler.onHeadersTooLarge(isEnd);
    if (isEnd && !stream.isClosed) this.#remoteEnded(stream);
  }

  /** Data on a stream that is not open: under way when we reset it, or a fault. */
  #takeLateData(streamId: number, length: number): void {
    const isIgnored = this.#streams.wasJustReset(streamId) || !this.#host.isTakingRequests;
    if (!isIgnored && this.#streams.isIdle(streamId))
      return this.#host.fault(ErrorCode.protocol, "data on an idle stream");
    if (!isIgnored) return this.#host.fault(ErrorCode.streamClosed, "data on a closed stream");
    this.#receiving.creditConnection(length);
  }

  /** Nothing was ever begun there; but a request that came after the last GOAWAY was, and is ignored. */
  #isIdle(streamId: number): boolean {
    return this.#streams.isIdle(streamId) && this.#host.isTakingRequests;
  }

  #remoteEnded(stream: Http2Stream): void {
    stream.hasRemoteEnded = true;
    this.#host.touch(stream);
    stream.handler.onEnd();
    if (stream.hasLocalEnded && !stream.isClosed) this.#host.close(stream);
  }

  /** The peer broke the rules on one stream: reset it, and count that, for it can be done on purpose. */
  #fail(stream: Http2Stream, code: number): void {
    this.#parts.writer.hold(resetFrame(stream.id, code));
    this.#streams.rememberReset(stream.id);
    this.#host.close(stream);
    stream.handler.onReset(code, false);
    this.#conduct.mayReset("too many broken streams");
  }

  #connectionWindowOpened(increment: number): void {
    const { sending } = this.#parts;
    sending.window += increment;
    if (increment === 0) this.#host.fault(ErrorCode.protocol, "a window opened by nothing");
    else if (sending.window > windowMax) this.#host.fault(ErrorCode.flowControl, "a window beyond its limit");
    else sending.pump();
  }
}
