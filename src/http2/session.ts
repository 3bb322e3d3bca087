/**
 * One HTTP/2 connection (RFC 9113), either side of it: settings, streams, GOAWAY, and the limits that keep a
 * peer from making us work or remember without end. What the streams carry is their owners' business.
 *
 *   open ─ drain ─▶ draining ─ last stream ends ─▶ closing ─▶ closed
 *     └─ a fault of the peer's ───────────────────────┘
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { Field } from "./field.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import {
  defaultWindow,
  ErrorCode,
  errorName,
  goAwayFrame,
  headersFrames,
  pingFrame,
  preface,
  resetFrame,
  Setting,
  settingsAck,
  settingsFrame,
  windowMax,
  windowUpdateFrame,
} from "./frames.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { noTableUpdate } from "./hpack-encoder.ts";
import { PeerSettings } from "./peer-settings.ts";
import { RateGuard } from "./rate-guard.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { SendQueue, type SendQueueOwner } from "./send-queue.ts";
import { StreamTable } from "./stream-table.ts";
import { type ByteSource, Http2Stream, type Http2StreamHandler, type StreamCarrier } from "./stream.ts";

export interface SessionLimits {
  /** Names, values and 32 for each field of one header block. */
  readonly headerListBytesMax: number;
  /** The same block as it is sent. */
  readonly headerBlockBytesMax: number;
  /** Streams the peer may have open at once; 0 where it may open none. */
  readonly peerStreamsMax: number;
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly resetsPerSecond: number;
  readonly framesPerSecond: number;
  /** Time for a frame that has begun, or a whole header block. */
  readonly frameTimeoutMs: number;
  /** How long a peer may leave unread what it asked for. */
  readonly stallTimeoutMs: number;
}

export interface SessionOwner {
  /** Servers: a request has begun. Sets the stream's handler before it returns. */
  onRequest(stream: Http2Stream, fields: readonly Field[], isEnd: boolean): void;
  /** Servers: a request's fields unfold to more than is allowed; as above. */
  onRequestTooLarge(stream: Http2Stream, isEnd: boolean): void;
  /** The peer's settings have come, or have changed. */
  onPeerSettings(): void;
  /** No new streams on this session, which is draining or at its end. May come more than once. */
  onGoAway(): void;
  /** The last open stream has ended. */
  onQuiet(): void;
  /** A stream has ended, others are open. */
  onStreamClosed(): void;
  /** The connection is closed; its streams were told before. `reason` is null for an orderly end. */
  onClosed(reason: string | null): void;
}

type Phase = "open" | "draining" | "closing" | "closed";

/** Beyond this, what the peer does not read keeps it from asking for more. */
const unreadBytesMax = 256 * 1024;
const tableBytes = 4096;
/** Frames of this size make it worth reading into memory that can be passed on without a copy. */
const bulkFrameBytes = 8192;
const closingTimeoutMs = 1000;
/** What the peer sends before it learns of a GOAWAY is under way for no longer than this. */
const goAwayTimeoutMs = 1000;
const goAwayPing = "goodbye.";
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

export class Http2Session implements StreamHandler, FrameSink, StreamCarrier, SendQueueOwner {
  readonly peer = new PeerSettings();
  /** When bytes last came, as coarse as the deadlines. */
  lastHeardMs: number;
  readonly #stream: ByteStream;
  readonly #isServer: boolean;
  readonly #limits: SessionLimits;
  readonly #owner: SessionOwner;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline;
  readonly #frameDeadline: Deadline;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #decoder: HpackDecoder;
  readonly #streams: StreamTable;
  readonly #sending: SendQueue;
  readonly #receiving: ReceiveWindow;
  readonly #resets: RateGuard;
  readonly #chatter: RateGuard;
  #touched: Http2Stream[] = [];
  #phase: Phase = "open";
  #reason: string | null = null;
  #prefaceLeft: string;
  #hasPeerSettings = false;
  #hasEncoded = false;
  #isReading = false;
  #isStalled = false;
  #isBulk = false;
  #isPeerAtFault = false;
  /** A drained server lets late requests in until the peer has heard of it. */
  #isGoAwayFinal = false;

  constructor(
    stream: ByteStream,
    isServer: boolean,
    limits: SessionLimits,
    owner: SessionOwner,
    deadlines: Deadlines,
  ) {
    this.#stream = stream;
    this.#isServer = isServer;
    this.#limits = limits;
    this.#owner = owner;
    this.#deadlines = deadlines;
    this.#deadline = new Deadline(deadlines, () => this.#expired());
    this.#frameDeadline = new Deadline(deadlines, () =>
      this.#fault(ErrorCode.enhanceYourCalm, "a frame that never ends"),
    );
    this.#reader = new FrameReader(this, { blockBytesMax: limits.headerBlockBytesMax });
    this.#writer = new FrameWriter(stream);
    this.#decoder = new HpackDecoder(tableBytes, limits.headerListBytesMax);
    this.#streams = new StreamTable(isServer);
    this.#sending = new SendQueue(this.#writer, this);
    this.#receiving = new ReceiveWindow(this.#writer, limits.streamWindow, limits.connectionWindow);
    const nowMs = deadlines.baseMs();
    this.lastHeardMs = nowMs;
    this.#resets = new RateGuard(limits.resetsPerSecond, nowMs);
    this.#chatter = new RateGuard(limits.framesPerSecond, nowMs);
    this.#prefaceLeft = isServer ? preface : "";
    stream.handler = this;
    this.#greet();
  }

  /** The session ended because the peer broke the protocol or a limit. */
  get isPeerAtFault(): boolean {
    return this.#isPeerAtFault;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** May a client open one more stream? */
  get hasCapacity(): boolean {
    return (
      this.#phase === "open" &&
      this.#streams.size < this.peer.concurrentStreamsMax &&
      this.#streams.hasNumbersLeft
    );
  }

  /** Opens a client's stream; its first headers make it known to the peer. */
  openStream(handler: Http2StreamHandler): Http2Stream {
    const stream = new Http2Stream(this, handler, 0, 0, this.#limits.streamWindow);
    this.#streams.reserve(stream);
    return stream;
  }

  /** Takes nothing new and ends when the last stream has. */
  drain(): void {
    if (this.#phase !== "open") return;
    this.#phase = "draining";
    this.#owner.onGoAway();
    if (this.#isServer) {
      // RFC 9113 §6.8: warn first, then count what was under way; the answer to the ping marks its end.
      this.#writer.hold(goAwayFrame(windowMax, ErrorCode.none) + pingFrame(goAwayPing, false));
      this.flush();
      this.#deadline.set(goAwayTimeoutMs);
    }
    this.#endIfDrained();
  }

  /** Ends at once. Streams are told, and the peer is told why. */
  terminate(code: number, reason: string | null): void {
    if (this.#phase === "closing" || this.#phase === "closed") return;
    this.#phase = "closing";
    this.#reason = reason;
    this.#reader.stop();
    this.#frameDeadline.dispose();
    this.#writer.hold(goAwayFrame(this.#streams.lastPeerId, code));
    this.#writer.flush();
    this.#loseStreams(code);
    this.#owner.onGoAway();
    this.#deadline.set(closingTimeoutMs);
    this.#stream.resume();
    this.#stream.end();
  }

  /** Closes the connection without waiting for the peer to read why. */
  destroy(): void {
    this.terminate(ErrorCode.none, null);
    this.#destroy();
  }

  /** What is written while frames are being read goes out together at the end. */
  flush(): void {
    if (!this.#isReading && this.#phase !== "closed") this.#writer.flush();
  }

  // StreamHandler: what the connection tells.

  onData(buffer: Buffer, length: number): void {
    if (this.#phase === "closing") return;
    this.#isReading = true;
    this.lastHeardMs = this.#deadlines.coarseNowMs;
    const start = this.#prefaceLeft === "" ? 0 : this.#readPreface(buffer, length);
    if (start < length) {
      const fault = this.#reader.read(start === 0 ? buffer : buffer.subarray(start), length - start);
      if (fault !== 0) this.#fault(fault, "a broken frame");
    }
    this.#isReading = false;
    this.#flushTouched();
    if (this.#phase === "closed" || this.#isClosing()) return;
    this.#writer.flush();
    this.#watchFrame();
    this.#watchBacklog();
  }

  onEnd(): void {
    if (this.#phase === "closing") this.#destroy();
    else if (this.#streams.size === 0) this.terminate(ErrorCode.none, null);
    else this.terminate(ErrorCode.cancel, "the peer ended the connection");
  }

  onDrain(): void {
    if (this.#isStalled) {
      this.#isStalled = false;
      this.#deadline.clear();
      this.#stream.resume();
    }
    this.#sending.pump();
    this.flush();
  }

  onClosed(errorCode: string | null): void {
    if (this.#phase !== "closing") this.#reason = errorCode ?? "closed";
    this.#closed();
  }

  // FrameSink: what the peer sends.

  onHeaders(streamId: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (!this.#isAfterSettings()) return;
    const verdict = this.#decoder.decode(bytes, start, end);
    if (verdict === "broken") return this.#fault(ErrorCode.compression, "a broken header block");
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) return this.#takeHeaders(stream, verdict === "read", isEnd);
    if (this.#streams.wasJustReset(streamId)) return this.#countChatter();
    if (!this.#streams.isNextOfPeer(streamId))
      return this.#fault(ErrorCode.streamClosed, "headers on a closed stream");
    this.#streams.lastPeerId = streamId;
    if (!this.#isGoAwayFinal) this.#takeRequest(streamId, verdict === "read", isEnd);
  }

  onDataBegin(streamId: number, length: number): void {
    if (!this.#isAfterSettings()) return;
    if (!this.#receiving.take(length))
      return this.#fault(ErrorCode.flowControl, "data beyond the connection's window");
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#takeLateData(streamId, length);
    if (!this.#receiving.takeFor(stream, length)) return this.#failStream(stream, ErrorCode.flowControl);
    if (stream.hasRemoteEnded) return this.#failStream(stream, ErrorCode.streamClosed);
    if (length === 0) this.#countChatter();
    if (length > bulkFrameBytes && !this.#isBulk) {
      this.#isBulk = true;
      this.#stream.useBulkBuffer(true);
    }
  }

  onDataPart(streamId: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#touch(stream);
    stream.handler.onData(this.#stream, bytes, start, end);
  }

  onDataEnd(streamId: number, isEnd: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (isEnd) this.#remoteEnded(stream);
    if (!stream.isPaused && !stream.isClosed) this.#receiving.credit(stream);
  }

  onPriority(): void {
    // RFC 9113 §5.3.1: priorities of this kind are no more.
    this.#countChatter();
  }

  onReset(streamId: number, code: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.isIdle(streamId)) this.#fault(ErrorCode.protocol, "a reset of an idle stream");
      else this.#countChatter();
    } else if (this.#mayReset("too many requests were taken back")) {
      this.#close(stream);
      stream.handler.onReset(code, code === ErrorCode.refusedStream);
    }
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    if (this.#hasPeerSettings) this.#countChatter();
    this.#hasPeerSettings = true;
    const before = this.peer.initialWindow;
    const fault = this.peer.read(bytes, start, end);
    if (fault !== 0) return this.#fault(fault, "an invalid setting");
    this.#writer.frameBytesMax = this.peer.frameBytesMax;
    this.#writer.hold(settingsAck);
    const change = this.peer.initialWindow - before;
    for (const stream of this.#streams.sent()) {
      stream.sendWindow += change;
      if (stream.sendWindow > windowMax)
        return this.#fault(ErrorCode.flowControl, "a window beyond its limit");
    }
    if (change > 0) this.#sending.pump();
    this.#owner.onPeerSettings();
  }

  onSettingsAck(): void {
    this.#countChatter();
  }

  onPing(payload: string, isAck: boolean): void {
    if (!this.#isAfterSettings()) return;
    this.#countChatter();
    if (!isAck) this.#writer.hold(pingFrame(payload, true));
    else if (payload === goAwayPing && this.#phase === "draining") this.#finishGoAway();
  }

  onGoAway(lastStreamId: number, code: number): void {
    if (this.#phase === "open") this.#phase = "draining";
    this.#owner.onGoAway();
    if (!this.#isServer) {
      for (const stream of this.#streams.sent()) {
        if (stream.id <= lastStreamId) continue;
        this.#close(stream);
        stream.handler.onReset(code, true);
      }
    }
    this.#endIfDrained();
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (!this.#isAfterSettings()) return;
    if (increment < crumbBytes) this.#countChatter();
    if (streamId === 0) return this.#connectionWindowOpened(increment);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.isIdle(streamId)) this.#fault(ErrorCode.protocol, "a window of an idle stream");
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) this.#failStream(stream, ErrorCode.protocol);
    else if (stream.sendWindow > windowMax) this.#failStream(stream, ErrorCode.flowControl);
    else if (stream.waiting !== null) this.#sending.pump();
  }

  onUnknownFrame(): void {
    this.#countChatter();
  }

  // StreamCarrier: what the streams ask.

  sendHeaders(stream: Http2Stream, block: string, isEnd: boolean): void {
    if (stream.id === 0) {
      this.#streams.giveNumber(stream);
      stream.sendWindow = this.peer.initialWindow;
    }
    const first = this.#hasEncoded ? block : noTableUpdate + block;
    this.#hasEncoded = true;
    this.#writer.hold(headersFrames(stream.id, first, isEnd));
    if (isEnd) this.onEndSent(stream);
  }

  sendData(
    stream: Http2Stream,
    source: ByteSource,
    bytes: Buffer,
    start: number,
    end: number,
    isEnd: boolean,
  ): void {
    if (start < end) this.#sending.send(stream, source, bytes, start, end, isEnd);
    else if (isEnd) this.sendEnd(stream, "");
  }

  sendEnd(stream: Http2Stream, trailers: string): void {
    if (stream.waiting !== null) {
      stream.waiting.end = trailers;
    } else if (trailers === "") {
      this.#writer.emptyEnd(stream.id);
      this.onEndSent(stream);
    } else {
      this.sendHeaders(stream, trailers, true);
    }
  }

  onEndSent(stream: Http2Stream): void {
    stream.hasLocalEnded = true;
    if (stream.hasRemoteEnded) this.#close(stream);
  }

  resetStream(stream: Http2Stream, code: number): void {
    // One that the peer never heard of has nothing to reset.
    if (stream.id !== 0) {
      this.#writer.hold(resetFrame(stream.id, code));
      this.#streams.rememberReset(stream.id);
    }
    this.#close(stream);
    this.flush();
  }

  resumed(stream: Http2Stream): void {
    this.#receiving.credit(stream);
    this.flush();
  }

  // Requests and streams.

  #takeRequest(streamId: number, isWhole: boolean, isEnd: boolean): void {
    if (this.#streams.size >= this.#limits.peerStreamsMax) {
      this.#streams.rememberReset(streamId);
      this.#writer.hold(resetFrame(streamId, ErrorCode.refusedStream));
      this.#mayReset("too many requests at once");
      return;
    }
    const stream = new Http2Stream(
      this,
      nobody,
      streamId,
      this.peer.initialWindow,
      this.#limits.streamWindow,
    );
    this.#streams.accept(stream);
    stream.hasRemoteEnded = isEnd;
    this.#touch(stream);
    if (isWhole) this.#owner.onRequest(stream, this.#decoder.fields, isEnd);
    else this.#owner.onRequestTooLarge(stream, isEnd);
  }

  #takeHeaders(stream: Http2Stream, isWhole: boolean, isEnd: boolean): void {
    if (stream.hasRemoteEnded) return this.#failStream(stream, ErrorCode.streamClosed);
    // Trailers end a request; anything else is malformed (§8.1).
    if (this.#isServer && !isEnd) return this.#failStream(stream, ErrorCode.protocol);
    this.#touch(stream);
    if (isWhole) stream.handler.onHeaders(this.#decoder.fields, isEnd);
    else stream.handler.onHeadersTooLarge(isEnd);
    if (isEnd && !stream.isClosed) this.#remoteEnded(stream);
  }

  /** Data on a stream that is not open: under way when we reset it, or a fault. */
  #takeLateData(streamId: number, length: number): void {
    if (this.#streams.isIdle(streamId)) return this.#fault(ErrorCode.protocol, "data on an idle stream");
    if (!this.#streams.wasJustReset(streamId) && !this.#isGoAwayFinal) {
      return this.#fault(ErrorCode.streamClosed, "data on a closed stream");
    }
    this.#receiving.creditConnection(length);
  }

  #remoteEnded(stream: Http2Stream): void {
    stream.hasRemoteEnded = true;
    stream.handler.onEnd();
    if (stream.hasLocalEnded && !stream.isClosed) this.#close(stream);
  }

  #close(stream: Http2Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.waiting = null;
    this.#receiving.settle(stream);
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return this.#owner.onStreamClosed();
    if (this.#isBulk) {
      this.#isBulk = false;
      this.#stream.useBulkBuffer(false);
    }
    this.#owner.onQuiet();
    this.#endIfDrained();
  }

  /** The peer broke the rules on one stream: reset it, and count that, for it can be done on purpose. */
  #failStream(stream: Http2Stream, code: number): void {
    this.#writer.hold(resetFrame(stream.id, code));
    this.#streams.rememberReset(stream.id);
    this.#close(stream);
    stream.handler.onReset(code, false);
    this.#mayReset("too many broken streams");
  }

  #connectionWindowOpened(increment: number): void {
    this.#sending.window += increment;
    if (increment === 0) this.#fault(ErrorCode.protocol, "a window opened by nothing");
    else if (this.#sending.window > windowMax)
      this.#fault(ErrorCode.flowControl, "a window beyond its limit");
    else this.#sending.pump();
  }

  // Conduct.

  /** Streams begun for nothing. Only clients can make us work that way. */
  #mayReset(reason: string): boolean {
    if (!this.#isServer || this.#resets.take(this.#deadlines.baseMs())) return true;
    this.#fault(ErrorCode.enhanceYourCalm, reason);
    return false;
  }

  #countChatter(): void {
    if (this.#chatter.take(this.#deadlines.baseMs())) return;
    this.#fault(ErrorCode.enhanceYourCalm, "too many frames that carry nothing");
  }

  #watchFrame(): void {
    if (!this.#reader.isUnfinished && this.#prefaceLeft === "") this.#frameDeadline.clear();
    else if (!this.#frameDeadline.isSet) this.#frameDeadline.set(this.#limits.frameTimeoutMs);
  }

  /** A peer that asks and does not read what it is answered has to wait, but not for ever. */
  #watchBacklog(): void {
    if (!this.#isServer || this.#isStalled || this.#stream.writeBacklog < unreadBytesMax) return;
    this.#isStalled = true;
    this.#stream.pause();
    this.#deadline.set(this.#limits.stallTimeoutMs);
  }

  /** §3.4: SETTINGS come before anything else. */
  #isAfterSettings(): boolean {
    if (!this.#hasPeerSettings) this.#fault(ErrorCode.protocol, "no SETTINGS at the beginning");
    return this.#hasPeerSettings;
  }

  #fault(code: number, reason: string): void {
    this.#isPeerAtFault = true;
    this.terminate(code, `${reason} (${errorName(code)})`);
  }

  // Beginning and ending.

  #greet(): void {
    const { streamWindow, connectionWindow, headerListBytesMax, peerStreamsMax } = this.#limits;
    const settings: (readonly [number, number])[] = [
      [Setting.initialWindowSize, streamWindow],
      [Setting.maxHeaderListSize, headerListBytesMax],
    ];
    if (this.#isServer) {
      settings.push([Setting.maxConcurrentStreams, peerStreamsMax], [Setting.enableConnectProtocol, 1]);
    } else {
      settings.push([Setting.enablePush, 0]);
      this.#writer.hold(preface);
    }
    this.#writer.hold(settingsFrame(settings));
    if (connectionWindow > defaultWindow)
      this.#writer.hold(windowUpdateFrame(0, connectionWindow - defaultWindow));
    this.#writer.flush();
    this.#watchFrame();
  }

  /** Returns where frames begin. */
  #readPreface(buffer: Buffer, length: number): number {
    const taken = Math.min(length, this.#prefaceLeft.length);
    if (buffer.toString("latin1", 0, taken) !== this.#prefaceLeft.slice(0, taken)) {
      this.#fault(ErrorCode.protocol, "no HTTP/2 preface");
      return length;
    }
    this.#prefaceLeft = this.#prefaceLeft.slice(taken);
    return taken;
  }

  #finishGoAway(): void {
    if (this.#isGoAwayFinal) return;
    this.#isGoAwayFinal = true;
    this.#deadline.clear();
    this.#writer.hold(goAwayFrame(this.#streams.lastPeerId, ErrorCode.none));
    this.flush();
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#phase !== "draining" || this.#streams.size > 0) return;
    if (!this.#isServer || this.#isGoAwayFinal) this.terminate(ErrorCode.none, null);
  }

  #isClosing(): boolean {
    return this.#phase === "closing";
  }

  #expired(): void {
    if (this.#phase === "closing") this.#destroy();
    else if (this.#isStalled) {
      this.#reason = "the peer does not read";
      this.#destroy();
    } else if (this.#phase === "draining") this.#finishGoAway();
  }

  #loseStreams(code: number): void {
    this.#sending.clear();
    for (const stream of this.#streams.takeAll()) {
      stream.isClosed = true;
      stream.waiting = null;
      stream.handler.onReset(code, false);
    }
  }

  #touch(stream: Http2Stream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.#touched.push(stream);
  }

  #flushTouched(): void {
    const touched = this.#touched;
    if (touched.length === 0) return;
    this.#touched = [];
    for (const stream of touched) {
      stream.isTouched = false;
      if (!stream.isClosed) stream.handler.onFlush();
    }
  }

  #destroy(): void {
    if (this.#phase === "closed") return;
    this.#closed();
    this.#stream.destroy();
  }

  #closed(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#reader.stop();
    this.#deadline.dispose();
    this.#frameDeadline.dispose();
    this.#loseStreams(ErrorCode.cancel);
    this.#owner.onClosed(this.#reason);
  }
}
