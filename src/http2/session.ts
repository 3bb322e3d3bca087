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
import { FrameIntake, type IntakeHost } from "./frame-intake.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import {
  ErrorCode,
  errorName,
  goAwayFrame,
  headersFrames,
  pingFrame,
  preface,
  resetFrame,
  windowMax,
} from "./frames.ts";
import { Conduct } from "./conduct.ts";
import { greeting } from "./greeting.ts";
import { noTableUpdate } from "./hpack-encoder.ts";
import { PeerSettings } from "./peer-settings.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { SendQueue, type SendQueueOwner } from "./send-queue.ts";
import type { SessionLimits } from "./session-limits.ts";
import type { SessionOwner } from "./session-owner.ts";
import { StreamTable } from "./stream-table.ts";
import { TouchedStreams } from "./touched-streams.ts";
import { Http2Stream, type Http2StreamHandler } from "./stream.ts";

type Phase = "open" | "draining" | "closing" | "closed";

const closingTimeoutMs = 1000;
/** What the peer sends before it learns of a GOAWAY is under way for no longer than this. */
const goAwayTimeoutMs = 1000;
const goAwayPing = "goodbye.";
/** Its answer is of no interest. */
const idlePing = "anybody?";

export class Http2Session implements StreamHandler, IntakeHost, SendQueueOwner {
  readonly isServer: boolean;
  readonly peer: PeerSettings;
  /** When bytes last came, as coarse as the deadlines. */
  lastHeardMs: number;
  readonly #stream: ByteStream;
  readonly #limits: SessionLimits;
  readonly #owner: SessionOwner;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline;
  readonly #conduct: Conduct;
  readonly #intake: FrameIntake;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #streams: StreamTable;
  readonly #sending: SendQueue;
  readonly #receiving: ReceiveWindow;
  readonly #touched = new TouchedStreams();
  #phase: Phase = "open";
  #reason: string | null = null;
  #hasPeerSettings = false;
  #hasEncoded = false;
  #isReading = false;
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
    this.isServer = isServer;
    this.peer = new PeerSettings(!isServer);
    this.#limits = limits;
    this.#owner = owner;
    this.#deadlines = deadlines;
    this.lastHeardMs = deadlines.baseMs();
    this.#deadline = new Deadline(deadlines, () => this.#expired());
    this.#conduct = new Conduct(
      isServer,
      limits,
      deadlines,
      (reason) => this.fault(ErrorCode.enhanceYourCalm, reason),
      (reason) => this.#abandon(reason),
    );
    this.#writer = new FrameWriter(stream);
    this.#streams = new StreamTable(isServer);
    this.#sending = new SendQueue(this.#writer, this);
    const { streamWindow, connectionWindow } = limits;
    this.#receiving = new ReceiveWindow(this.#writer, streamWindow, connectionWindow, isServer);
    this.#intake = new FrameIntake(this, {
      source: stream,
      limits,
      peer: this.peer,
      writer: this.#writer,
      streams: this.#streams,
      sending: this.#sending,
      receiving: this.#receiving,
      conduct: this.#conduct,
    });
    this.#reader = new FrameReader(this.#intake, limits.headerBlockBytesMax, isServer ? preface : "");
    stream.handler = this;
    this.#writer.hold(greeting(isServer, limits));
    this.#writer.flush();
    this.#conduct.watchFrame(true);
  }

  /** The session ended because the peer broke the protocol or a limit. */
  get isPeerAtFault(): boolean {
    return this.#isPeerAtFault;
  }

  /** What the peer allows is known, not only assumed. */
  get hasPeerSettings(): boolean {
    return this.#hasPeerSettings;
  }

  get isTakingRequests(): boolean {
    return !this.#isGoAwayFinal;
  }

  /** Octets kept for the peer: unfinished frames and blocks, its fields, and what it has not been sent yet. */
  get heldBytes(): number {
    return this.#reader.heldBytes + this.#intake.heldBytes + this.#sending.heldBytes + this.#writer.heldBytes;
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
    this.#owner.onGoAway(0);
    if (this.isServer) {
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
    this.#conduct.dispose();
    this.#writer.hold(goAwayFrame(this.#streams.lastPeerId, code));
    this.#writer.flushAll();
    this.#loseStreams(code);
    this.#owner.onGoAway(0);
    this.#deadline.set(closingTimeoutMs);
    this.#stream.resume();
    this.#stream.end();
  }

  /** Closes the connection without waiting for the peer to answer. */
  destroy(): void {
    this.terminate(ErrorCode.none, null);
    this.#stream.close();
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
    const fault = this.#reader.read(buffer, length);
    if (fault !== 0) this.fault(fault, "a broken frame");
    this.#isReading = false;
    this.#touched.flush();
    if (this.#reader.isStopped) return;
    this.#writer.flush();
    this.#conduct.watchFrame(this.#reader.isUnfinished || !this.#hasPeerSettings);
    this.#conduct.watchBacklog(this.#stream);
  }

  onEnd(): void {
    if (this.#phase === "closing") this.#stream.close();
    else if (this.#streams.size === 0) this.terminate(ErrorCode.none, null);
    else this.terminate(ErrorCode.cancel, "the peer ended the connection");
  }

  onDrain(): void {
    this.#writer.drained();
    this.#conduct.drained(this.#stream);
    this.#sending.pump();
    this.flush();
  }

  onClosed(errorCode: string | null): void {
    if (this.#phase !== "closing") this.#reason = errorCode ?? "closed";
    this.#closed();
  }

  // IntakeHost: what the peer's frames come to.

  fault(code: number, reason: string): void {
    this.#isPeerAtFault = true;
    this.terminate(code, `${reason} (${errorName(code)})`);
  }

  onRequest(stream: Http2Stream, fields: readonly Field[] | null, isEnd: boolean): void {
    if (fields === null) this.#owner.onRequestTooLarge(stream, this.#intake.fields);
    else this.#owner.onRequest(stream, fields, isEnd);
  }

  onPeerSettings(): void {
    this.#hasPeerSettings = true;
    this.#owner.onPeerSettings();
  }

  onPong(payload: string): void {
    if (payload === goAwayPing && this.#phase === "draining") this.#finishGoAway();
  }

  onGoAway(lastStreamId: number, code: number): void {
    // A client that goes away finishes what it has begun; it is told what that is (§6.8).
    if (this.isServer) return this.drain();
    if (this.#phase === "open") this.#phase = "draining";
    this.#owner.onGoAway(lastStreamId);
    for (const stream of this.#streams.sent()) {
      if (stream.id <= lastStreamId) continue;
      this.close(stream);
      stream.handler.onReset(code, true);
    }
    this.#endIfDrained();
  }

  touch(stream: Http2Stream): void {
    this.#touched.add(stream);
  }

  useBulk(): void {
    if (this.#isBulk) return;
    this.#isBulk = true;
    this.#stream.useBulkBuffer(true);
  }

  close(stream: Http2Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    this.#sending.drop(stream);
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

  // StreamCarrier: what the streams ask.

  sendHeaders(stream: Http2Stream, block: string, isEnd: boolean): void {
    if (stream.id === 0) {
      this.#streams.giveNumber(stream);
      stream.sendWindow = this.peer.initialWindow;
    }
    const first = this.#hasEncoded ? block : noTableUpdate + block;
    this.#hasEncoded = true;
    this.#writer.hold(headersFrames(stream.id, first, isEnd));
    if (isEnd) this.#ended(stream);
  }

  sendData(stream: Http2Stream, bytes: Buffer, start: number, end: number): void {
    this.#sending.send(stream, bytes, start, end);
  }

  get isSendingTooMuch(): boolean {
    return this.#sending.isFull;
  }

  sendEnd(stream: Http2Stream, trailers: string): void {
    if (stream.waiting !== null) {
      stream.waiting.end = trailers;
    } else if (trailers === "") {
      this.#writer.end(stream.id);
      this.#ended(stream);
    } else {
      this.sendHeaders(stream, trailers, true);
    }
  }

  resetStream(stream: Http2Stream, code: number): void {
    // One that the peer never heard of has nothing to reset.
    if (stream.id !== 0) {
      this.#writer.hold(resetFrame(stream.id, code));
      this.#streams.rememberReset(stream.id);
    }
    this.close(stream);
    // A client may make us reset what it began, by breaking the rules on purpose.
    if (code === ErrorCode.protocol) this.#conduct.mayReset("too many malformed requests");
    this.flush();
  }

  resumed(stream: Http2Stream): void {
    this.#receiving.credit(stream);
    this.flush();
  }

  ping(): void {
    this.#writer.hold(pingFrame(idlePing, false));
    this.flush();
  }

  #ended(stream: Http2Stream): void {
    stream.hasLocalEnded = true;
    if (stream.hasRemoteEnded) this.close(stream);
  }

  // Beginning and ending.

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
    if (!this.isServer || this.#isGoAwayFinal) this.terminate(ErrorCode.none, null);
  }

  #expired(): void {
    if (this.#phase === "closing") this.#destroy();
    else if (this.#phase === "draining") this.#finishGoAway();
  }

  #abandon(reason: string): void {
    this.#reason = reason;
    this.#destroy();
  }

  #loseStreams(code: number): void {
    for (const stream of this.#streams.takeAll()) {
      stream.isClosed = true;
      this.#sending.drop(stream);
      // The peer never heard of one without a number.
      stream.handler.onReset(code, stream.id === 0);
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
    this.#conduct.dispose();
    this.#loseStreams(ErrorCode.cancel);
    this.#owner.onClosed(this.#reason);
  }
}
