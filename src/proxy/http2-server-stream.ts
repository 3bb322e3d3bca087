/**
 * One request of an HTTP/2 client: the exchange's downstream over a stream. It counts the body, keeps the
 * stream's time, and sends the response in frames.
 */
import { Deadline } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { Rostered } from "../core/roster.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import { withoutForbidden } from "../http1/chunked.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { Field } from "../http2/field.ts";
import { ErrorCode, errorName } from "../http2/frames.ts";
import { encodeContentLength, encodeLines, encodeStatus } from "../http2/hpack-encoder.ts";
import { trailersText } from "../http2/message-text.ts";
import type { Http2Stream, Http2StreamHandler } from "../http2/stream.ts";
import { type ByteSource, ownMemory } from "../upstream/upstream-stream.ts";
import type { Client } from "./client.ts";
import { DiscardedRequest } from "./discarded-request.ts";
import type { ClientTimeouts, Downstream } from "./downstream.ts";
import { Exchange } from "./exchange.ts";
import type { ListenerContext } from "./listener-context.ts";
import { withoutUpgradeLines } from "./websocket-bridge.ts";

export interface Http2ServerStreamOwner {
  readonly client: Client;
  readonly context: ListenerContext;
  readonly requestCount: number;
  readonly isDraining: boolean;
  onStreamFinished(stream: Http2ServerStream): void;
}

export class Http2ServerStream implements Downstream, Http2StreamHandler, Rostered {
  rosterIndex = -1;
  readonly #owner: Http2ServerStreamOwner;
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  readonly #exchange: Exchange;
  readonly #isBodyExpected: boolean;
  #deadline: Deadline | null = null;
  #bodyBytes = 0;
  #bodyBytesMax = Number.POSITIVE_INFINITY;
  #bodyIdleMs: number;
  #tunnelIdleMs: number;
  #trailers = "";
  #isRequestComplete: boolean;
  /** The head of the response, held back until it is known whether anything follows. */
  #heldBlock: string | null = null;
  #isResponseBegun = false;
  #isResponseComplete = false;
  #isTunnel = false;
  /** What a client sent ahead of the tunnel. */
  #early: Buffer[] | null = null;

  constructor(owner: Http2ServerStreamOwner, stream: Http2Stream, head: RequestHead) {
    this.#owner = owner;
    this.#stream = stream;
    this.#head = head;
    this.#bodyIdleMs = owner.context.settings.bodyIdleTimeoutMs;
    this.#tunnelIdleMs = owner.context.settings.tunnelIdleTimeoutMs;
    this.#isBodyExpected =
      head.body.kind === "chunked" || (head.body.kind === "length" && head.body.bytes > 0);
    this.#isRequestComplete = !this.#isBodyExpected;
    stream.handler = this;
    this.#exchange = new Exchange(owner.context.proxy, this, head);
  }

  start(): void {
    const { settings } = this.#owner.context;
    if (this.#isBodyExpected) this.#setDeadline(this.#bodyIdleMs);
    this.#exchange.start(settings.exchangeTimeoutMs, settings.bodyBytesMax);
  }

  /** The client's side cannot go on. */
  fail(cause: Cause, detail: string): void {
    this.#exchange.onDownstreamFailed(cause, detail);
  }

  // Downstream: what the exchange asks of this side.

  get client(): Client {
    return this.#owner.client;
  }
  get isDraining(): boolean {
    return this.#owner.isDraining;
  }
  get backlog(): number {
    return this.#stream.backlog;
  }

  setBodyLimit(bytesMax: number): void {
    this.#bodyBytesMax = bytesMax;
  }

  setIdleTimeouts({ bodyIdleTimeoutMs, tunnelIdleTimeoutMs }: ClientTimeouts): void {
    this.#bodyIdleMs = bodyIdleTimeoutMs ?? this.#bodyIdleMs;
    this.#tunnelIdleMs = tunnelIdleTimeoutMs ?? this.#tunnelIdleMs;
    if (this.#isBodyExpected && !this.#isRequestComplete) this.#setDeadline(this.#bodyIdleMs);
  }

  fact(name: ExchangeFact): string | number | undefined {
    return name === "connection.requests" ? this.#owner.requestCount : this.#owner.client.fact(name);
  }

  sendInformational(status: number, _reason: string, fieldLines: string): void {
    this.#stream.sendHeaders(encodeStatus(status) + encodeLines(fieldLines), false);
    this.#stream.flush();
  }

  sendHead(status: number, _reason: string, fieldLines: string, body: BodyFraming, isUpgrade: boolean): void {
    if (isUpgrade) return this.#beginTunnel(fieldLines);
    const lines = fieldLines + this.#owner.context.settings.responseLines;
    let block = encodeStatus(status) + encodeLines(lines);
    this.#isResponseBegun = true;
    // curl 7.88 reads no more once it has a whole response, its window never opens, and its upload hangs: where
    // an upload goes on, the end of the stream has to tell. From 300 on it stops uploading.
    if (body.kind === "length" && (this.#isRequestComplete || status >= 300))
      block += encodeContentLength(body.bytes);
    this.#heldBlock = block;
  }

  sendBody(_source: ByteSource, bytes: Buffer, start: number, end: number): void {
    this.#releaseHead();
    this.#stream.sendData(bytes, start, end);
    if (this.#isTunnel) this.#setDeadline(this.#tunnelIdleMs);
    else if (this.#stream.backlog > 0) this.#setDeadline(this.#bodyIdleMs);
  }

  sendEnd(trailers: string): void {
    const block = trailers === "" ? "" : encodeLines(trailers);
    if (this.#heldBlock !== null && block === "") {
      this.#stream.sendHeaders(this.#heldBlock, true);
      this.#heldBlock = null;
    } else {
      this.#releaseHead();
      this.#stream.sendEnd(block);
    }
    this.#stream.flush();
    if (!this.#isTunnel || this.#exchange.isFinished) this.#finishResponse();
  }

  flush(): void {
    this.#releaseHead();
    this.#stream.flush();
  }

  pauseRequest(): void {
    this.#stream.pause();
    if (!this.#isRequestComplete) this.#deadline?.clear();
  }

  resumeRequest(): void {
    if (!this.#isRequestComplete) this.#setDeadline(this.#bodyIdleMs);
    this.#stream.resume();
  }

  abort(trailers: string): void {
    if (trailers !== "" && this.#isResponseBegun) return this.sendEnd(trailers);
    this.#stream.reset(ErrorCode.internal);
    this.#finished();
  }

  // Http2StreamHandler: what the stream tells.

  onHeaders(fields: readonly Field[]): void {
    const trailers = trailersText(fields);
    const isTooLarge = trailers !== null && trailers.length > this.#owner.context.settings.trailerBytesMax;
    if (trailers === null || isTooLarge) this.#malformed();
    else this.#trailers = withoutForbidden(trailers);
  }

  onHeadersTooLarge(): void {
    this.#malformed();
  }

  onData(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#isTunnel) {
      this.#setDeadline(this.#tunnelIdleMs);
      this.#exchange.request.onBody(source, bytes, start, end);
      return;
    }
    if (this.#isResponseComplete) return;
    if (this.#isTunnelAsked()) return this.#keepEarly(bytes, start, end);
    const { body } = this.#head;
    this.#bodyBytes += end - start;
    if (body.kind !== "chunked" && this.#bodyBytes > (body.kind === "length" ? body.bytes : 0))
      return this.#malformed();
    if (this.#bodyBytes > this.#bodyBytesMax) return this.fail("body-too-large", "");
    if (!this.#stream.isPaused) this.#setDeadline(this.#bodyIdleMs);
    this.#exchange.request.onBody(source, bytes, start, end);
  }

  onEnd(): void {
    if (this.#isTunnel) return this.#exchange.request.onEnd("");
    const { body } = this.#head;
    const isShort = body.kind === "length" && this.#bodyBytes !== body.bytes;
    if (isShort && !this.#isResponseBegun) return this.#malformed();
    if (this.#isRequestComplete) return;
    this.#isRequestComplete = true;
    this.#deadline?.clear();
    // An upload that ends short of its length once the response has begun was given up (curl from status 300 on). The
    // endpoint must not take it for whole: it hears nothing, and loses the stream behind its response.
    if (isShort) return;
    this.#exchange.request.onEnd(this.#trailers);
  }

  onFlush(): void {
    this.#exchange.request.onFlush();
  }

  onDrain(): void {
    if (this.#isResponseComplete) return this.#finishResponse();
    if (!this.#isTunnel) {
      if (this.#isRequestComplete) this.#deadline?.clear();
      else if (!this.#stream.isPaused) this.#setDeadline(this.#bodyIdleMs);
    }
    this.#exchange.onDownstreamDrain();
  }

  onReset(code: number): void {
    this.fail("client-gone", errorName(code));
    this.#finished();
  }

  // Tunnels.

  #isTunnelAsked(): boolean {
    return !this.#isBodyExpected && this.#head.fields.upgrade !== "";
  }

  #beginTunnel(fieldLines: string): void {
    this.#isTunnel = true;
    this.#setDeadline(this.#tunnelIdleMs);
    this.#stream.sendHeaders(encodeStatus(200) + encodeLines(withoutUpgradeLines(fieldLines)), false);
    this.#stream.flush();
    const early = this.#early;
    this.#early = null;
    this.#stream.resume();
    for (const bytes of early ?? []) this.#exchange.request.onBody(ownMemory, bytes, 0, bytes.length);
    this.#exchange.request.onFlush();
    if (this.#stream.hasRemoteEnded) this.#exchange.request.onEnd("");
  }

  /** Bounded by the stream's window, which is not opened again before there is a tunnel. */
  #keepEarly(bytes: Buffer, start: number, end: number): void {
    this.#stream.pause();
    this.#early ??= [];
    this.#early.push(Buffer.from(bytes.subarray(start, end)));
  }

  // Ending.

  #releaseHead(): void {
    if (this.#heldBlock === null) return;
    this.#stream.sendHeaders(this.#heldBlock, false);
    this.#heldBlock = null;
  }

  /** Everything was handed to the stream. */
  #finishResponse(): void {
    this.#isResponseComplete = true;
    if (this.#stream.backlog > 0) return this.#setDeadline(this.#bodyIdleMs);
    if (this.#isTunnel) this.#stream.reset(ErrorCode.none);
    else if (!this.#stream.isClosed)
      new DiscardedRequest(this.#stream, this.#owner.context.proxy.deadlines).begin();
    this.#finished();
  }

  #malformed(): void {
    this.#stream.reset(ErrorCode.protocol);
    this.fail("malformed-message", "");
    this.#finished();
  }

  #finished(): void {
    this.#deadline?.dispose();
    this.#early = null;
    this.#owner.onStreamFinished(this);
  }

  #setDeadline(delayMs: number): void {
    this.#deadline ??= new Deadline(this.#owner.context.proxy.deadlines, () => this.#expired());
    this.#deadline.set(delayMs);
  }

  #expired(): void {
    if (this.#isTunnel) this.fail("tunnel-idle", "");
    else if (this.#isResponseComplete) this.abort("");
    else if (this.#stream.backlog > 0) this.fail("client-stalled", "");
    else this.fail("body-timeout", "");
  }
}
