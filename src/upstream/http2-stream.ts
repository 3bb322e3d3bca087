/**
 * One exchange's stream on an HTTP/2 connection to an endpoint: requests become header lists, responses become
 * the heads HTTP/1.1 would have had, and what is wrong with them becomes a cause.
 *
 *   head ──final head──▶ body ──end──▶ over
 *     └──2xx to an extended CONNECT──▶ tunnel ──▶ over
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import { withoutForbidden } from "../http1/chunked.ts";
import { type BodyFraming, responseFraming, untilCloseBody } from "../http1/framing.ts";
import { reasonPhrase } from "../http1/reason-phrase.ts";
import type { ResponseHead, ResponseHeadParser } from "../http1/response-head.ts";
import type { Field } from "../http2/field.ts";
import { ErrorCode, errorName } from "../http2/frames.ts";
import { encodeLines } from "../http2/hpack-encoder.ts";
import { responseText, trailersText } from "../http2/message-text.ts";
import type { Http2Stream, Http2StreamHandler } from "../http2/stream.ts";
import { connectBlock, isWebSocket, requestBlock, upgradeText } from "./http2-heads.ts";
import { isEventStream } from "./http1-heads.ts";
import type { Http1ConnectionLimits } from "./http1-connection.ts";
import type { ByteSource, OutgoingRequest, ResponseSink, UpstreamStream } from "./upstream-stream.ts";

/** The connection that carries the stream, as the stream knows it. */
export interface StreamHost {
  readonly isSecure: boolean;
  readonly isConnectProtocolKnown: boolean;
  /** What the endpoint can do is known. */
  readonly hasPeerSettings: boolean;
  readonly limits: Http1ConnectionLimits;
  readonly deadlines: Deadlines;
  /** Shared by all streams: endpoints repeat their headers to the letter. */
  readonly parser: ResponseHeadParser;
  /** The endpoint went away with some of the streams looked at. */
  readonly hasTakenSome: boolean;
  /** When anything was last heard on the connection, coarse. */
  readonly lastHeardMs: number;
  /** Why Headgate ends the connection; null while it does not. */
  readonly breakCause: Cause | null;
  /** Calls `onPeerSettings` once that is so. */
  awaitSettings(stream: Http2UpstreamStream): void;
  /** It seems to be dead: nobody else shall use it. */
  giveUp(): void;
}

type Phase = "head" | "body" | "tunnel" | "over";

const chunkedBody: BodyFraming = { kind: "chunked" };
const emptyBody: BodyFraming = { kind: "length", bytes: 0 };
/** 1xx responses one exchange may bring. */
const informationalMax = 16;
/** A reused connection that ends later than this after the request was sent did not end for being idle. */
const staleWithinMs = 500;

export class Http2UpstreamStream implements UpstreamStream, Http2StreamHandler {
  readonly isReused: boolean;
  readonly #host: StreamHost;
  #stream: Http2Stream | null = null;
  #sink: ResponseSink | null;
  #deadline: Deadline | null = null;
  #phase: Phase = "head";
  #method = "";
  #webSocketKey: string | null = null;
  /** A WebSocket's, on a connection so new that the endpoint has not said what it can do. */
  #heldRequest: OutgoingRequest | null = null;
  #isRequestComplete = false;
  #responseHeadTimeoutMs = 0;
  #idleTimeoutMs = 0;
  #eventStreamIdleMs = 0;
  #sentAtMs = 0;
  #informationalCount = 0;
  #bodyBytesLeft = Number.POSITIVE_INFINITY;
  #isLengthKnown = false;
  #trailers = "";

  constructor(host: StreamHost, sink: ResponseSink, isReused: boolean) {
    this.#host = host;
    this.#sink = sink;
    this.isReused = isReused;
  }

  /** The session's stream; set at once. */
  set stream(stream: Http2Stream) {
    this.#stream = stream;
  }

  // UpstreamStream: what the exchange asks.

  get isQueueMoving(): boolean {
    return this.#host.hasTakenSome;
  }

  get backlog(): number {
    return this.#stream?.backlog ?? 0;
  }

  sendHead(request: OutgoingRequest): void {
    const { limits, isSecure, deadlines } = this.#host;
    const { timeouts, body } = request;
    this.#method = request.method;
    this.#responseHeadTimeoutMs = timeouts?.responseHeadMs ?? limits.responseHeadTimeoutMs;
    this.#idleTimeoutMs = timeouts?.idleMs ?? limits.upstreamIdleTimeoutMs;
    this.#eventStreamIdleMs = timeouts?.eventStreamIdleMs ?? limits.eventStreamIdleTimeoutMs;
    this.#sentAtMs = deadlines.baseMs();
    if (isWebSocket(request) && !this.#host.hasPeerSettings) {
      this.#heldRequest = request;
      return this.#host.awaitSettings(this);
    }
    if (isWebSocket(request)) {
      // A plain GET would ask for something else than the client did.
      if (!this.#host.isConnectProtocolKnown) return this.#fail("websocket-unsupported", "");
      const { block, key } = connectBlock(request, isSecure);
      this.#webSocketKey = key;
      this.#stream?.sendHeaders(block, false);
      return;
    }
    const isEnd = body.kind === "none" || (body.kind === "length" && body.bytes === 0);
    this.#stream?.sendHeaders(requestBlock(request, isSecure), isEnd);
  }

  /** Whether the endpoint knows extended CONNECT is no longer a guess. */
  onPeerSettings(): void {
    const request = this.#heldRequest;
    this.#heldRequest = null;
    if (request === null || this.#sink === null) return;
    this.sendHead(request);
    this.#stream?.flush();
  }

  sendBody(_source: ByteSource, bytes: Buffer, start: number, end: number): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.sendData(bytes, start, end);
    if (this.#phase !== "head") return;
    // A slow client is not a slow endpoint: time runs only while the endpoint does not read.
    if (stream.backlog > 0) this.#setDeadline(this.#idleTimeoutMs);
    else this.#deadline?.clear();
  }

  sendEnd(trailers: string): void {
    this.#isRequestComplete = true;
    // An extended CONNECT has no body that could end; its tunnel does.
    if (this.#heldRequest === null && (this.#webSocketKey === null || this.#phase === "tunnel")) {
      this.#stream?.sendEnd(trailers === "" ? "" : encodeLines(trailers));
    }
    // The end of a tunnel comes by itself: nobody flushes behind it.
    if (this.#phase === "tunnel") this.#stream?.flush();
    if (this.#phase === "head") this.#setDeadline(this.#responseHeadTimeoutMs);
  }

  flush(): void {
    this.#stream?.flush();
  }

  pauseResponse(): void {
    this.#stream?.pause();
    this.#deadline?.clear();
  }

  resumeResponse(): void {
    this.#stream?.resume();
    if (this.#phase === "body") this.#setDeadline(this.#idleTimeoutMs);
  }

  finishTunnel(): void {
    this.#sink = null;
    // What waits for the endpoint's windows flows out; one that does not read, or does not end, gets this long.
    this.#setDeadline(this.#idleTimeoutMs);
    // It may have been paused for the client's sake; what still comes is thrown away, and its end behind it is wanted.
    this.#stream?.resume();
    this.flush();
    this.#closeFinished();
  }

  /** Of a tunnel that nobody listens to any more. */
  #closeFinished(): void {
    if (this.#sink === null && this.#stream?.hasRemoteEnded === true && this.backlog === 0) this.#over();
  }

  cancel(): void {
    this.#over();
    this.#stream?.reset(ErrorCode.cancel);
  }

  // Http2StreamHandler: what the stream tells.

  onHeaders(fields: readonly Field[], isEnd: boolean): void {
    if (this.#phase !== "head") return this.#takeTrailers(fields, isEnd);
    const text = responseText(fields, reasonPhrase);
    if (text === null) return this.#fail("bad-response", "malformed header list");
    if (text.length > this.#host.limits.responseHeadBytesMax)
      return this.#fail("response-head-too-large", "");
    const head = this.#host.parser.parse(text, 0, text.length);
    if (typeof head === "string") return this.#fail(head, "");
    if (head.status >= 200) return this.#takeHead(head, isEnd);
    if (isEnd) this.#fail("bad-response", "an interim response that ends the stream");
    else if (++this.#informationalCount > informationalMax)
      this.#fail("bad-response", "too many 1xx responses");
    else this.#sink?.onInformational(head);
  }

  onHeadersTooLarge(): void {
    this.#fail("response-head-too-large", "");
  }

  onData(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "head") return this.#fail("bad-response", "data before the head");
    this.#bodyBytesLeft -= end - start;
    if (this.#bodyBytesLeft < 0) return this.#fail("bad-response-body", "more data than Content-Length says");
    if (this.#phase === "body" && this.#stream?.isPaused === false) this.#setDeadline(this.#idleTimeoutMs);
    this.#sink?.onResponseBody(source, bytes, start, end);
  }

  onEnd(): void {
    if (this.#phase === "head") return this.#fail("bad-response", "the stream ended without a head");
    if (this.#isLengthKnown && this.#bodyBytesLeft > 0) {
      return this.#fail("reset-mid-body", "less data than Content-Length says");
    }
    const sink = this.#sink;
    if (this.#phase === "tunnel") {
      sink?.onResponseEnd("");
      this.#closeFinished();
      return;
    }
    this.#over();
    // What is left of the request is of no interest to the endpoint any more.
    if (!this.#isRequestComplete) this.#stream?.reset(ErrorCode.cancel);
    sink?.onResponseEnd(this.#trailers);
  }

  onFlush(): void {
    this.#sink?.onResponseFlush();
  }

  onDrain(): void {
    if (this.#phase === "tunnel") this.#closeFinished();
    if (this.#phase === "head" && !this.#isRequestComplete) this.#deadline?.clear();
    this.#sink?.onUpstreamDrain();
  }

  onReset(code: number, isUnprocessed: boolean): void {
    // Some servers (Node's, when busy) reset with NO_ERROR in place of the end. All of it is here all the same.
    const isWhole = this.#phase === "body" && this.#isLengthKnown && this.#bodyBytesLeft === 0;
    if (isWhole && code === ErrorCode.none && !isUnprocessed) return this.onEnd();
    const detail = `the stream was reset (${errorName(code)})`;
    if (this.#host.breakCause !== null) this.#fail(this.#host.breakCause, "");
    else if (isUnprocessed && this.#phase === "head") this.#fail("stream-unprocessed", detail);
    else if (code === ErrorCode.protocol && !this.#host.hasPeerSettings)
      this.#fail("bad-response", "not HTTP/2");
    else if (this.#phase === "head") this.#fail(this.#causeBeforeHead(), detail);
    else this.#fail("reset-mid-body", detail);
  }

  // Heads.

  #takeHead(head: ResponseHead, isEnd: boolean): void {
    this.#deadline?.clear();
    if (this.#webSocketKey !== null && head.status < 300)
      return this.#beginTunnel(head, this.#webSocketKey, isEnd);
    const body = this.#framing(head, isEnd);
    if (body === null) return this.#fail("bad-response", "invalid framing");
    this.#phase = "body";
    if (body.kind === "none") this.#bodyBytesLeft = 0;
    if (body.kind === "length") {
      this.#bodyBytesLeft = body.bytes;
      this.#isLengthKnown = true;
    }
    if (isEventStream(head, body)) this.#idleTimeoutMs = this.#eventStreamIdleMs;
    if (!isEnd) this.#setDeadline(this.#idleTimeoutMs);
    this.#sink?.onResponseHead(head, body, false);
  }

  /** As HTTP/1.1 would frame the body: its length, or chunks where it is not told. */
  #framing(head: ResponseHead, isEnd: boolean): BodyFraming | null {
    const declared = responseFraming(head.fields, head.status, this.#method, 1);
    if (declared === null || declared.kind === "none") return declared;
    if (declared.kind === "length") return isEnd && declared.bytes > 0 ? null : declared;
    return isEnd ? emptyBody : chunkedBody;
  }

  #beginTunnel(head: ResponseHead, key: string, isEnd: boolean): void {
    if (isEnd) return this.#fail("bad-response", "a tunnel that ends at once");
    const text = upgradeText(head, key);
    const upgraded = this.#host.parser.parse(text, 0, text.length);
    if (typeof upgraded === "string") return this.#fail(upgraded, "");
    this.#phase = "tunnel";
    this.#sink?.onResponseHead(upgraded, untilCloseBody, true);
  }

  #takeTrailers(fields: readonly Field[], isEnd: boolean): void {
    const trailers = isEnd ? trailersText(fields) : null;
    if (trailers === null || this.#phase === "tunnel") this.#fail("bad-response-body", "malformed trailers");
    else if (trailers.length > this.#host.limits.trailerBytesMax)
      this.#fail("bad-response-body", "trailers too large");
    else this.#trailers = withoutForbidden(trailers);
  }

  // Ending.

  /** A reused connection that dies at once was most likely closed while it was idle. */
  #causeBeforeHead(): Cause {
    const isQuick = this.#host.deadlines.coarseNowMs - this.#sentAtMs < staleWithinMs;
    return this.isReused && isQuick && this.#host.lastHeardMs < this.#sentAtMs
      ? "stale-connection"
      : "reset-before-head";
  }

  #fail(cause: Cause, detail: string): void {
    const sink = this.#sink;
    this.#over();
    this.#stream?.reset(ErrorCode.cancel);
    sink?.onUpstreamFailed(cause, detail);
  }

  #over(): void {
    this.#phase = "over";
    this.#sink = null;
    this.#deadline?.dispose();
  }

  #setDeadline(delayMs: number): void {
    this.#deadline ??= new Deadline(this.#host.deadlines, () => this.#expired());
    this.#deadline.set(delayMs);
  }

  #expired(): void {
    // Not a word on the whole connection since: it is the connection that is dead, not the request.
    if (this.#host.lastHeardMs < this.#sentAtMs) this.#host.giveUp();
    if (this.#phase === "head") this.#fail("head-response-timeout", "");
    else if (this.#phase === "body") this.#fail("response-body-timeout", "");
    else if (this.#phase === "tunnel") this.cancel();
  }
}
