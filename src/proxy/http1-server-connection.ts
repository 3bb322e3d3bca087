/**
 * One HTTP/1 connection of a client: finds heads, feeds one exchange at a time, writes responses in
 * order, and decides when the connection must end. What happens to a request is the exchange's.
 *
 *   idle ─▶ head ─▶ body ─▶ awaiting ─▶ idle …      (requests)
 *     any ─▶ tunnel | lingering ─▶ closed
 *
 * Requests that arrive while another is being answered wait in a bounded read-ahead.
 */
import { Deadline } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import { latin1 } from "../core/latin1.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import { BodyReader } from "../http1/body-reader.ts";
import { BodyWriter } from "../http1/body-writer.ts";
import type { Fields } from "../http1/fields.ts";
import type { BodyFraming } from "../http1/framing.ts";
import { faultInPartialHead, type RequestHead, RequestHeadParser } from "../http1/request-head.ts";
import type { ByteSource } from "../upstream/upstream-stream.ts";
import type { Downstream } from "./downstream.ts";
import { Exchange } from "./exchange.ts";
import { clientOf, forwardingLines, type Peer, plainAddress } from "./forwarding.ts";
import type { ListenerContext } from "./listener-context.ts";
import { refuseHead } from "./refused-head.ts";

type Phase = "idle" | "head" | "body" | "awaiting" | "tunnel" | "lingering" | "closed";

/** Empty lines a client may send before its request line (RFC 9112 §2.2). */
const leadingLinesMax = 4;
/** Heads are looked for in a first window of this size, so that a long pipeline is not copied over and over. */
const usualHeadBytes = 2048;
const judgedHeadBytes = 256;
/** After the last answer: how much and how long a client may still send before the socket is closed. */
const lingerBytesMax = 1024 * 1024;
const lingerTimeoutMs = 3000;

export class Http1ServerConnection implements StreamHandler, Downstream {
  readonly #stream: ByteStream;
  readonly #context: ListenerContext;
  readonly #parser: RequestHeadParser;
  readonly #reader = new BodyReader();
  readonly #writer: BodyWriter;
  readonly #deadline: Deadline;
  readonly #peer: Peer;
  #phase: Phase = "idle";
  #exchange: Exchange | null = null;
  #head: RequestHead | null = null;
  #partialHead = "";
  #readAhead: Buffer | null = null;
  #isProcessing = false;
  #isPausedByExchange = false;
  #hasClientEnded = false;
  #willClose = false;
  #isDraining = false;
  #requestCount = 0;
  #lingerBytes = 0;
  #bodyBytes = 0;
  #bodyBytesMax = Number.POSITIVE_INFINITY;
  // Remembered from the last request: a client repeats its headers, and so the lines sent on.
  #linesFields: Fields | null = null;
  #linesHost = "";
  #lines = "";

  constructor(stream: ByteStream, context: ListenerContext, isSecure: boolean) {
    this.#stream = stream;
    this.#context = context;
    this.#parser = new RequestHeadParser(context.settings.headLimits);
    this.#writer = new BodyWriter(stream);
    this.#deadline = new Deadline(context.proxy.deadlines, () => this.#expired());
    const address = plainAddress(stream.remoteAddress);
    this.#peer = {
      address,
      port: stream.remotePort,
      localPort: stream.localPort,
      isSecure,
      isTrusted: context.settings.forwarding.trusted.contains(address),
    };
    stream.handler = this;
    this.#deadline.set(context.settings.headTimeoutMs);
  }

  // Downstream: what the exchange asks of this side.

  get isSecure(): boolean {
    return this.#peer.isSecure;
  }
  get listenerName(): string {
    return this.#context.settings.name;
  }
  get backlog(): number {
    return this.#stream.writeBacklog;
  }

  setBodyLimit(bytesMax: number): void {
    this.#bodyBytesMax = bytesMax;
  }

  fact(name: ExchangeFact): string | number | undefined {
    switch (name) {
      case "client.port":
        return this.#peer.port;
      case "peer.address":
        return this.#peer.address;
      case "listener.address":
        return plainAddress(this.#stream.localAddress);
      case "listener.port":
        return this.#peer.localPort;
      case "connection.requests":
        return this.#requestCount;
      default:
        return undefined;
    }
  }

  clientAddress(head: RequestHead): string {
    return clientOf(head.fields, this.#peer, this.#context.settings.forwarding);
  }

  outgoingLines(head: RequestHead): string {
    if (head.fields !== this.#linesFields || head.host !== this.#linesHost) {
      this.#lines = head.fields.forwardable + forwardingLines(head, this.#peer, this.#context.settings.forwarding);
      this.#linesFields = head.fields;
      this.#linesHost = head.host;
    }
    return this.#lines;
  }

  sendInformational(status: number, reason: string, fieldLines: string): void {
    if (this.#phase === "closed") return;
    this.#writer.flush();
    this.#stream.writeText(`HTTP/1.1 ${status} ${reason}\r\n${fieldLines}\r\n`);
  }

  sendHead(status: number, reason: string, fieldLines: string, body: BodyFraming, isUpgrade: boolean): void {
    if (this.#phase === "closed") return;
    const head = this.#head as RequestHead;
    const { keepAliveRequestsMax } = this.#context.settings;
    let kind = body.kind;
    let text = `HTTP/1.1 ${status} ${reason}\r\n${fieldLines}`;
    if (kind === "length") text += `Content-Length: ${(body as { bytes: number }).bytes}\r\n`;
    else if (kind === "chunked" || (kind === "until-close" && !isUpgrade)) {
      // A 1.0 client knows no chunks: its body ends with the connection.
      kind = head.versionMinor === 1 ? "chunked" : "until-close";
      if (kind === "chunked") text += "Transfer-Encoding: chunked\r\n";
    }
    if (isUpgrade) {
      this.#beginTunnel();
    } else {
      this.#willClose =
        this.#isDraining ||
        !head.isKeepAlive ||
        kind === "until-close" ||
        this.#requestCount >= keepAliveRequestsMax ||
        this.#phase === "body";
      if (this.#willClose) text += "Connection: close\r\n";
      else if (head.versionMinor === 0) text += "Connection: keep-alive\r\n";
    }
    this.#writer.begin(`${text}\r\n`, head.method === "HEAD" ? "none" : kind);
  }

  sendBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "closed") return;
    this.#writer.write(source, bytes, start, end);
    if (this.#phase === "tunnel") this.#deadline.set(this.#context.settings.tunnelIdleTimeoutMs);
    else if (this.#stream.writeBacklog > 0) this.#deadline.set(this.#context.settings.bodyIdleTimeoutMs);
  }

  sendEnd(trailers: string): void {
    if (this.#phase === "closed") return;
    this.#writer.end(trailers);
    if (this.#phase === "tunnel" && this.#exchange?.isFinished === false) {
      this.#stream.end();
      return;
    }
    this.#exchangeFinished();
  }

  flush(): void {
    if (this.#phase !== "closed") this.#writer.flush();
  }

  pauseRequest(): void {
    this.#isPausedByExchange = true;
    this.#stream.pause();
    if (this.#phase === "body") this.#deadline.clear();
  }

  resumeRequest(): void {
    if (!this.#isPausedByExchange) return;
    this.#isPausedByExchange = false;
    if (this.#phase === "body") this.#deadline.set(this.#context.settings.bodyIdleTimeoutMs);
    this.#stream.resume();
  }

  abort(): void {
    if (this.#phase === "closed") return;
    this.#close();
    this.#stream.reset();
  }

  /** Finishes what is under way and closes; an idle connection closes at once. */
  drain(): void {
    this.#isDraining = true;
    // One that has not sent a request yet may be about to.
    if (this.#phase === "idle" && this.#requestCount > 0) this.#end();
  }

  /** The grace time is over. */
  terminate(): void {
    this.#failExchange("shutting-down");
    this.#destroy();
  }

  // StreamHandler: what the stream tells.

  onData(buffer: Buffer, length: number): void {
    if (this.#phase === "lingering") {
      this.#lingerBytes += length;
      if (this.#lingerBytes > lingerBytesMax) this.#destroy();
      return;
    }
    this.#process(buffer, 0, length, this.#stream);
  }

  onEnd(): void {
    this.#hasClientEnded = true;
    if (this.#phase === "tunnel") this.#exchange?.onRequestEnd("");
    else if (this.#phase === "lingering") this.#destroy();
    else if (this.#phase === "head" && this.#partialHead !== "") this.#destroy();
    else if (this.#phase === "idle" || this.#phase === "head") this.#end();
    else {
      // Half-closing after a request is taken for leaving, as nginx and Go do.
      this.#failExchange("client-gone");
      this.#destroy();
    }
  }

  onDrain(): void {
    if (this.#phase === "awaiting" || this.#phase === "body") {
      if (this.#phase === "awaiting") this.#deadline.clear();
      else this.#deadline.set(this.#context.settings.bodyIdleTimeoutMs);
    } else if (this.#phase === "lingering") {
      this.#deadline.set(lingerTimeoutMs);
    }
    this.#exchange?.onDownstreamDrain();
  }

  onClosed(errorCode: string | null): void {
    if (this.#phase === "closed") return;
    this.#close();
    this.#exchange?.onDownstreamFailed("client-gone", errorCode ?? "");
    this.#exchange = null;
  }

  // Reading.

  #process(buffer: Buffer, start: number, end: number, source: ByteSource): void {
    this.#isProcessing = true;
    let pos = start;
    while (pos < end) {
      if (this.#phase === "idle" || this.#phase === "head") pos = this.#readHead(buffer, pos, end);
      else if (this.#phase === "body") pos = this.#readBody(buffer, pos, end);
      else if (this.#phase === "tunnel") {
        this.#deadline.set(this.#context.settings.tunnelIdleTimeoutMs);
        this.#exchange?.onRequestBody(source, buffer, pos, end);
        pos = end;
      } else if (this.#phase === "awaiting") {
        this.#keepReadAhead(buffer, pos, end, source);
        pos = end;
      } else break;
    }
    this.#exchange?.onRequestFlush();
    this.#isProcessing = false;
  }

  #readHead(buffer: Buffer, start: number, end: number): number {
    const { headBytesMax } = this.#context.settings.headLimits;
    const carried = this.#partialHead.length;
    const windowEnd = Math.min(end, start + headBytesMax + leadingLinesMax * 2 + 4 - carried);
    let text = this.#partialHead + latin1(buffer, start, Math.min(windowEnd, start + usualHeadBytes));
    let headStart = 0;
    while (text.startsWith("\r\n", headStart)) headStart += 2;
    if (headStart > leadingLinesMax * 2) return this.#refuse("bad-request-line", end);
    let emptyLine = text.indexOf("\r\n\r\n", Math.max(headStart, carried - 3));
    if (emptyLine < 0 && windowEnd > start + usualHeadBytes) {
      text = this.#partialHead + latin1(buffer, start, windowEnd);
      emptyLine = text.indexOf("\r\n\r\n", Math.max(headStart, carried - 3));
    }
    if (emptyLine < 0) {
      this.#keepPartialHead(text, headStart, carried);
      return end;
    }
    this.#partialHead = "";
    const headEnd = emptyLine + 4;
    if (headEnd - headStart > headBytesMax) return this.#refuse("head-too-large", end);
    const head = this.#parser.parse(text, headStart, headEnd);
    if (typeof head === "string") return this.#refuse(head, end);
    this.#begin(head);
    return start + headEnd - carried;
  }

  #keepPartialHead(text: string, headStart: number, carried: number): void {
    const { settings } = this.#context;
    const head = text.slice(headStart);
    this.#partialHead = text;
    // Nothing but empty lines, which some clients send behind a body: no request has begun.
    if (head === "" || head === "\r") return;
    // The time for a head runs from its first byte, however slowly the others come.
    if (this.#phase === "idle") {
      this.#phase = "head";
      if (this.#requestCount > 0) this.#deadline.set(settings.headTimeoutMs);
    }
    // Judged early, and at the limit, but not at every byte of a head that trickles in.
    const isWorthJudging = carried < judgedHeadBytes || head.length > settings.headLimits.headBytesMax;
    const fault = isWorthJudging ? faultInPartialHead(head, settings.headLimits) : null;
    if (fault !== null) this.#refuse(fault, 0);
  }

  #begin(head: RequestHead): void {
    const { settings, proxy } = this.#context;
    this.#head = head;
    this.#requestCount++;
    this.#bodyBytes = 0;
    this.#reader.begin(head.body, settings.trailerBytesMax);
    const isBodyExpected = !this.#reader.isComplete;
    this.#phase = isBodyExpected ? "body" : "awaiting";
    this.#deadline.clear();
    if (isBodyExpected) {
      this.#deadline.set(settings.bodyIdleTimeoutMs);
      if (head.body.kind === "chunked" || (head.body.kind === "length" && head.body.bytes > 16_384)) this.#stream.useBulkBuffer(true);
    }
    const exchange = new Exchange(proxy, this, head);
    this.#exchange = exchange;
    exchange.start(settings.exchangeTimeoutMs, settings.bodyBytesMax);
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    const pos = this.#reader.read(buffer, start, end, this);
    if (this.#phase !== "body") return this.#isOpen() ? pos : end;
    if (this.#reader.isBroken) {
      this.#failExchange("bad-chunk");
      return end;
    }
    if (this.#reader.isComplete) {
      this.#phase = "awaiting";
      this.#deadline.clear();
      this.#stream.useBulkBuffer(false);
      this.#exchange?.onRequestEnd(this.#reader.trailers);
    } else if (!this.#isPausedByExchange) {
      this.#deadline.set(this.#context.settings.bodyIdleTimeoutMs);
    }
    return pos;
  }

  /** For the body reader. */
  onBody(bytes: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#bodyBytes > this.#bodyBytesMax) this.#failExchange("body-too-large");
    else this.#exchange?.onRequestBody(this.#stream, bytes, start, end);
  }

  #keepReadAhead(buffer: Buffer, start: number, end: number, source: ByteSource): void {
    const more = source === ownMemory ? buffer.subarray(start, end) : Buffer.from(buffer.subarray(start, end));
    this.#readAhead = this.#readAhead === null ? more : Buffer.concat([this.#readAhead, more]);
    if (this.#readAhead.length >= this.#context.settings.readAheadBytesMax) this.#stream.pause();
  }

  // Ending.

  /** The response is out: read on, linger, or close. */
  #exchangeFinished(): void {
    this.#exchange = null;
    if (this.#phase === "tunnel") {
      this.#end();
      return;
    }
    const isRequestUnfinished = this.#phase === "body";
    this.#head = null;
    if (this.#willClose || isRequestUnfinished || this.#hasClientEnded) {
      this.#linger();
      return;
    }
    this.#phase = "idle";
    this.#deadline.set(this.#context.settings.keepAliveIdleTimeoutMs);
    if (this.#isPausedByExchange) this.resumeRequest();
    if (this.#readAhead !== null && !this.#isProcessing) this.#processReadAhead();
  }

  #processReadAhead(): void {
    // A loop, not recursion: answers made at once would otherwise nest as deep as the pipeline.
    while (this.#readAhead !== null && this.#phase === "idle") {
      const bytes = this.#readAhead;
      this.#readAhead = null;
      this.#process(bytes, 0, bytes.length, ownMemory);
    }
    if (this.#readAhead === null && this.#isOpen() && !this.#isPausedByExchange) this.#stream.resume();
  }

  #beginTunnel(): void {
    this.#phase = "tunnel";
    this.#deadline.set(this.#context.settings.tunnelIdleTimeoutMs);
    const early = this.#readAhead;
    this.#readAhead = null;
    this.#stream.resume();
    // What the client sent on the heels of its request belongs to the new protocol.
    if (early !== null) this.#exchange?.onRequestBody(ownMemory, early, 0, early.length);
  }

  /** A head that cannot be served: answer it, then close. Returns `end`, so that nothing more is read. */
  #refuse(cause: Cause, end: number): number {
    const text = refuseHead(cause, this.#context, this.#peer);
    this.#phase = "awaiting";
    this.#stream.writeText(text);
    this.#linger();
    return end;
  }

  #failExchange(cause: Cause): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    exchange.onDownstreamFailed(cause, "");
    // An answer, if one was possible, has replaced the exchange by lingering.
  }

  /** Closes the sending side and discards what still arrives, so that the answer is not lost to a reset. */
  #linger(): void {
    if (!this.#isOpen()) return;
    this.#phase = "lingering";
    this.#deadline.set(this.#stream.writeBacklog > 0 ? this.#context.settings.bodyIdleTimeoutMs : lingerTimeoutMs);
    this.#stream.end();
    if (this.#hasClientEnded && this.#stream.writeBacklog === 0) this.#destroy();
    else this.#stream.resume();
  }

  #end(): void {
    if (this.#stream.writeBacklog === 0) this.#destroy();
    else this.#linger();
  }

  #expired(): void {
    switch (this.#phase) {
      case "idle":
        this.#end();
        return;
      case "head":
        this.#refuse("head-timeout", 0);
        return;
      case "body":
        this.#failExchange("body-timeout");
        return;
      case "tunnel":
        this.#failExchange("tunnel-idle");
        return;
      case "awaiting":
        this.#failExchange("client-stalled");
        return;
      default:
        this.#destroy();
    }
  }

  #isOpen(): boolean {
    return this.#phase !== "closed";
  }

  #destroy(): void {
    if (this.#phase === "closed") return;
    this.#close();
    this.#stream.destroy();
  }

  #close(): void {
    this.#phase = "closed";
    this.#deadline.dispose();
    this.#readAhead = null;
    this.#partialHead = "";
    this.#context.onConnectionClosed(this);
  }
}

const ownMemory: ByteSource = { isReadBufferShared: false, replaceReadBuffer() {} };
