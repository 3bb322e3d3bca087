/**
 * One HTTP/1.1 connection to an endpoint, carrying one exchange at a time. It writes requests,
 * reads responses and decides whether it may be used again; pooling is its owner's business.
 *
 *   idle ──sendHead──▶ head ──final head──▶ body ──complete──▶ idle | closed
 *                       └──101──▶ tunnel ──────────────────▶ closed
 */
import type { Deadlines } from "../core/deadlines.ts";
import { Deadline } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import { latin1 } from "../core/latin1.ts";
import type { Rostered } from "../core/roster.ts";
import type { ByteStream, DialTarget, StreamHandler } from "../core/transport.ts";
import { BodyReader } from "../http1/body-reader.ts";
import { BodyWriter } from "../http1/body-writer.ts";
import { withoutNamedOptions } from "../http1/fields.ts";
import { type BodyFraming, responseFraming, untilCloseBody } from "../http1/framing.ts";
import { type ResponseHead, ResponseHeadParser } from "../http1/response-head.ts";
import { isEventStream, keepsAlive, otherProtocol, requestHeadText } from "./http1-heads.ts";
import type { ByteSource, OutgoingRequest, ResponseSink, UpstreamStream } from "./upstream-stream.ts";

export interface Http1ConnectionLimits {
  readonly responseHeadBytesMax: number;
  readonly headerCountMax: number;
  readonly trailerBytesMax: number;
  readonly responseHeadTimeoutMs: number;
  readonly upstreamIdleTimeoutMs: number;
  readonly eventStreamIdleTimeoutMs: number;
}

/** Who lends the connection out. */
export interface ConnectionOwner {
  /** How long a connection may be idle from now on. */
  readonly idleTimeoutMs: number;
  /** A Keep-Alive header that this connection had not brought before. */
  onKeepAliveTold(keepAlive: string): void;
  /** The endpoint closed it while it was idle, or just as it was used again. */
  onClosedByEndpoint(connection: Http1Connection): void;
  /** It was idle for `idleTimeoutMs` and is about to be closed. */
  onIdleExpired(connection: Http1Connection): void;
  onConnectionIdle(connection: Http1Connection): void;
  onConnectionClosed(connection: Http1Connection): void;
}

type Phase = "idle" | "head" | "body" | "tunnel" | "closed";

/** A reused connection that ends later than this after the request was sent did not end for being idle. */
const staleWithinMs = 500;
/** Heads are looked for in a first window of this size, so that a body is not turned into text for nothing. */
const usualHeadBytes = 2048;
/** 1xx responses one exchange may bring. */
const informationalMax = 16;

export class Http1Connection implements StreamHandler, UpstreamStream, Rostered {
  rosterIndex = -1;
  readonly openedAtMs: number;
  /** Exchanges begun on this connection. */
  exchangeCount = 0;
  /** When its owner last took it back. */
  idleSinceMs = 0;
  /** When its owner last lent it: the endpoint cannot have been waiting for longer. */
  lentAtMs = 0;
  /** Where it leads; its owner's note. */
  target: DialTarget | null = null;
  readonly #stream: ByteStream;
  readonly #limits: Http1ConnectionLimits;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseHeadParser;
  readonly #reader = new BodyReader();
  readonly #writer: BodyWriter;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline;
  #sink: ResponseSink | null = null;
  #phase: Phase = "idle";
  #partialHead = "";
  #method = "";
  #isUpgradeOffered = false;
  /** Of the response: what it names is no business of the client, in trailers neither. */
  #connectionField = "";
  #responseHeadTimeoutMs = 0;
  #idleTimeoutMs = 0;
  #eventStreamIdleMs = 0;
  #isRequestComplete = false;
  #isRequestBodiless = false;
  #isReusable = true;
  #hasResponseBytes = false;
  #informationalCount = 0;
  #attachedAtMs = 0;
  #keepAlive = "";

  constructor(
    stream: ByteStream,
    limits: Http1ConnectionLimits,
    owner: ConnectionOwner,
    deadlines: Deadlines,
  ) {
    this.#stream = stream;
    this.#limits = limits;
    this.#owner = owner;
    this.#parser = new ResponseHeadParser(limits.headerCountMax);
    this.#writer = new BodyWriter(stream);
    this.#deadlines = deadlines;
    this.#deadline = new Deadline(deadlines, () => this.#expired());
    this.openedAtMs = deadlines.baseMs();
    stream.handler = this;
  }

  /** Nobody shares it. */
  get isQueueMoving(): boolean {
    return false;
  }

  get isReused(): boolean {
    return this.exchangeCount > 1;
  }

  get backlog(): number {
    return this.#stream.writeBacklog;
  }

  get isIdle(): boolean {
    return this.#phase === "idle";
  }

  /** Begins an exchange on an idle connection. */
  attach(sink: ResponseSink): void {
    this.#sink = sink;
    this.exchangeCount++;
    this.#attachedAtMs = this.#deadlines.coarseNowMs;
    this.#phase = "head";
    this.#hasResponseBytes = false;
    this.#isRequestComplete = false;
    this.#informationalCount = 0;
  }

  sendHead(request: OutgoingRequest): void {
    this.#method = request.method;
    this.#isUpgradeOffered = request.upgrade !== "";
    const { timeouts } = request;
    this.#responseHeadTimeoutMs = timeouts?.responseHeadMs ?? this.#limits.responseHeadTimeoutMs;
    this.#idleTimeoutMs = timeouts?.idleMs ?? this.#limits.upstreamIdleTimeoutMs;
    this.#eventStreamIdleMs = timeouts?.eventStreamIdleMs ?? this.#limits.eventStreamIdleTimeoutMs;
    this.#deadline.clear();
    this.#isRequestBodiless = request.body.kind === "none";
    this.#writer.begin(requestHeadText(request), request.body.kind);
  }

  sendBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    this.#writer.write(source, bytes, start, end);
    // A slow client is not a slow endpoint: time runs only while the endpoint does not read.
    if (this.#phase !== "head") return;
    if (this.#stream.writeBacklog > 0) this.#deadline.set(this.#idleTimeoutMs);
    else this.#deadline.clear();
  }

  sendEnd(trailers: string): void {
    this.#writer.end(trailers);
    this.#isRequestComplete = true;
    if (this.#phase === "tunnel") this.#stream.end();
    else if (this.#phase === "head") this.#deadline.set(this.#responseHeadTimeoutMs);
  }

  flush(): void {
    this.#writer.flush();
  }

  pauseResponse(): void {
    this.#stream.pause();
    this.#deadline.clear();
  }

  resumeResponse(): void {
    this.#stream.resume();
    if (this.#phase === "body") this.#deadline.set(this.#idleTimeoutMs);
  }

  finishTunnel(): void {
    this.#sink = null;
    // The stream closes once it has sent all and both ends; an endpoint that does not read or end gets this long.
    this.#deadline.set(this.#idleTimeoutMs);
    this.#stream.resume();
  }

  cancel(): void {
    this.#sink = null;
    this.#close();
  }

  /** Ends what it carries, for a reason of Headgate's own. */
  breakOff(cause: Cause): void {
    if (this.#phase !== "idle") this.#fail(cause, "");
  }

  /** Closes an idle connection, or one whose owner is going away. */
  retire(): void {
    if (this.#phase === "idle") this.#leave();
    else this.#isReusable = false;
  }

  // What the stream tells.

  onData(buffer: Buffer, length: number): void {
    // Unsolicited bytes on an idle connection: never to be used again (SEMANTICS: response queue poisoning).
    if (this.#phase === "idle" || this.#phase === "closed") {
      this.#close();
      return;
    }
    // A response to a request that has not even left: the same, and the request can go elsewhere.
    if (this.#stream.isWriteDue && this.#isRequestBodiless && this.#phase === "head") {
      this.#stream.reset();
      return;
    }
    let pos = 0;
    if (this.#phase === "head") pos = this.#readHeads(buffer, length);
    if (pos < length) this.#readBody(buffer, pos, length);
    this.#sink?.onResponseFlush();
  }

  onEnd(): void {
    switch (this.#phase) {
      case "tunnel":
        this.#sink?.onResponseEnd("");
        return;
      case "body":
        if (this.#reader.isUntilClose) this.#finish();
        else this.#fail("reset-mid-body", "the endpoint ended the connection inside the body");
        return;
      case "head":
        this.#fail(this.#causeBeforeHead(), "the endpoint ended the connection");
        return;
      default:
        if (this.#phase === "idle") this.#owner.onClosedByEndpoint(this);
        this.#leave();
    }
  }

  onDrain(): void {
    if (this.#phase === "head" && !this.#isRequestComplete) this.#deadline.clear();
    this.#sink?.onUpstreamDrain();
  }

  onClosed(errorCode: string | null): void {
    const detail = errorCode ?? "closed";
    if (this.#phase === "head") this.#fail(this.#causeBeforeHead(), detail);
    else if (this.#phase === "body" || this.#phase === "tunnel") this.#fail("reset-mid-body", detail);
    else if (this.#phase === "idle") this.#owner.onClosedByEndpoint(this);
    this.#closed();
  }

  /** A pooled connection that dies at once, before its first response byte, was most likely closed while idle. */
  #causeBeforeHead(): Cause {
    const isStale =
      this.isReused &&
      !this.#hasResponseBytes &&
      this.#deadlines.coarseNowMs - this.#attachedAtMs < staleWithinMs;
    if (isStale) this.#owner.onClosedByEndpoint(this);
    return isStale ? "stale-connection" : "reset-before-head";
  }

  // Reading.

  /** Reads heads until the final one; returns where the body begins, or `length` if there is none yet. */
  #readHeads(buffer: Buffer, length: number): number {
    this.#hasResponseBytes = true;
    const carried = this.#partialHead.length;
    let text = this.#partialHead + latin1(buffer, 0, Math.min(length, usualHeadBytes));
    let pos = 0;
    while (this.#phase === "head") {
      let end = text.indexOf("\r\n\r\n", pos);
      if (end < 0 && text.length - carried < length) {
        text = this.#partialHead + latin1(buffer, 0, length);
        end = text.indexOf("\r\n\r\n", pos);
      }
      if (end < 0 || end + 4 - pos > this.#limits.responseHeadBytesMax) {
        this.#keepPartialHead(text.slice(pos), end >= 0);
        return length;
      }
      const head = this.#parser.parse(text, pos, end + 4);
      pos = end + 4;
      if (typeof head === "string") {
        this.#fail(head, "");
        return length;
      }
      this.#takeHead(head, pos - carried < length);
    }
    this.#partialHead = "";
    return this.#isClosed() ? length : pos - carried;
  }

  #isClosed(): boolean {
    return this.#phase === "closed";
  }

  #keepPartialHead(text: string, isTooLarge: boolean): void {
    if (isTooLarge || text.length > this.#limits.responseHeadBytesMax)
      this.#fail("response-head-too-large", "");
    else if (!"HTTP/1.".startsWith(text.slice(0, 7))) this.#fail("bad-response", otherProtocol(text));
    else this.#partialHead = text;
  }

  /** `hasMore` when bytes stand behind the head. */
  #takeHead(head: ResponseHead, hasMore: boolean): void {
    if (head.status < 200 && head.status !== 101) {
      if (++this.#informationalCount > informationalMax) this.#fail("bad-response", "too many 1xx responses");
      else this.#sink?.onInformational(head);
      return;
    }
    if (head.status === 101 && !this.#isUpgradeOffered) {
      this.#fail("bad-response", "101 without an upgrade asked for");
      return;
    }
    const body =
      head.status === 101
        ? untilCloseBody
        : responseFraming(head.fields, head.status, this.#method, head.versionMinor);
    if (body === null) {
      this.#fail("bad-response", "invalid framing");
      return;
    }
    if (isEventStream(head, body)) this.#idleTimeoutMs = this.#eventStreamIdleMs;
    this.#connectionField = head.fields.connection;
    this.#isReusable &&= keepsAlive(head);
    const { keepAlive } = head.fields;
    if (keepAlive !== "" && keepAlive !== this.#keepAlive) {
      this.#keepAlive = keepAlive;
      this.#owner.onKeepAliveTold(keepAlive);
    }
    this.#deadline.set(this.#idleTimeoutMs);
    this.#begin(head, body, hasMore);
  }

  #begin(head: ResponseHead, body: BodyFraming, hasMore: boolean): void {
    const isUpgrade = head.status === 101;
    this.#phase = isUpgrade ? "tunnel" : "body";
    this.#reader.begin(body, this.#limits.trailerBytesMax);
    if (isUpgrade) {
      this.#isReusable = false;
      this.#deadline.clear();
      this.#writer.begin("", "until-close");
    }
    if (
      isUpgrade ||
      body.kind === "until-close" ||
      body.kind === "chunked" ||
      (body.kind === "length" && body.bytes > 16_384)
    ) {
      this.#stream.useBulkBuffer(true);
    }
    this.#sink?.onResponseHead(head, body, isUpgrade);
    if (this.#isClosed() || !this.#reader.isComplete) return;
    // What stands behind a response without a body answers no request of ours: the pool must not have it.
    if (hasMore) this.#isReusable = false;
    this.#finish();
  }

  #readBody(buffer: Buffer, start: number, length: number): void {
    const pos = this.#reader.read(buffer, start, length, this);
    if (this.#isClosed()) return;
    if (this.#reader.isBroken) {
      this.#fail("bad-response-body", "broken chunked framing");
    } else if (this.#reader.isComplete) {
      if (pos < length) this.#isReusable = false;
      this.#finish();
    } else if (this.#phase === "body" && this.#deadline.isSet) {
      this.#deadline.set(this.#idleTimeoutMs);
    }
  }

  /** For the body reader. */
  onBody(bytes: Buffer, start: number, end: number): void {
    this.#sink?.onResponseBody(this.#stream, bytes, start, end);
  }

  /** The response is complete: back to the pool if everything about it was clean. */
  #finish(): void {
    const sink = this.#sink;
    this.#sink = null;
    const trailers = withoutNamedOptions(this.#reader.trailers, this.#connectionField);
    this.#stream.useBulkBuffer(false);
    // A request that was answered before the kernel took all of it may never be read to its end.
    const isRequestSent = this.#isRequestComplete && this.#stream.writeBacklog === 0;
    if (this.#isReusable && isRequestSent && !this.#reader.isUntilClose) {
      this.#phase = "idle";
      this.#deadline.set(this.#owner.idleTimeoutMs);
      this.#stream.resume();
      this.#owner.onConnectionIdle(this);
    } else if (isRequestSent) this.#leave();
    else this.#close();
    sink?.onResponseEnd(trailers);
  }

  #fail(cause: Cause, detail: string): void {
    const sink = this.#sink;
    this.#sink = null;
    this.#close();
    sink?.onUpstreamFailed(cause, detail);
  }

  #expired(): void {
    if (this.#phase === "idle") {
      this.#owner.onIdleExpired(this);
      this.#leave();
    } else if (this.#phase === "head") this.#fail("head-response-timeout", "");
    else if (this.#phase === "body") this.#fail("response-body-timeout", "");
    else if (this.#phase === "tunnel") this.#close();
    else this.#stream.destroy();
  }

  /** In order, nothing being under way; an endpoint that does not read gets as long as for anything else. */
  #leave(): void {
    this.#closed();
    this.#deadline.set(this.#limits.upstreamIdleTimeoutMs);
    this.#stream.close();
  }

  #close(): void {
    if (this.#phase === "closed") return;
    this.#closed();
    this.#stream.destroy();
  }

  #closed(): void {
    this.#deadline.dispose();
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#owner.onConnectionClosed(this);
  }
}
