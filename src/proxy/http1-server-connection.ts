/**
 * One HTTP/1 connection of a client: finds heads, feeds one exchange at a time, writes responses in
 * order, and decides when the connection must end. What happens to a request is the exchange's.
 *
 *   idle ─▶ head ─▶ body ─▶ awaiting ─▶ idle …      (requests)
 *     any ─▶ tunnel | closing ─▶ closed
 *
 * Requests that arrive while another is being answered wait in a bounded read-ahead.
 */
import { Deadline } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import type { TlsFacts } from "../core/tls.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import { BodyReader } from "../http1/body-reader.ts";
import { BodyWriter } from "../http1/body-writer.ts";
import type { BodyFraming } from "../http1/framing.ts";
import { withoutNamedOptions } from "../http1/fields.ts";
import { HeadReader, http2PrefaceHead } from "../http1/head-reader.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { Seat, ServerConnection } from "../listener/listener.ts";
import { type ByteSource, ownMemory } from "../upstream/upstream-stream.ts";
import { clientFraming, headText } from "./client-framing.ts";
import { Client } from "./client.ts";
import { ClosingConnection, type ClosingOwner } from "./closing-connection.ts";
import type { ClientTimeouts, Downstream } from "./downstream.ts";
import { Exchange } from "./exchange.ts";
import type { ListenerContext } from "./listener-context.ts";
import { ReadAhead } from "./read-ahead.ts";
import { refuseHead } from "./refused-head.ts";

type Phase = "idle" | "head" | "body" | "awaiting" | "tunnel" | "closing" | "closed";

/** How long an idle connection of a draining listener may still send a request. */
const farewellMs = 1000;
/** With more bytes of answers unread than this, a pipelining client has to wait. */
const unreadAnswersMax = 64 * 1024;

export class Http1ServerConnection implements ServerConnection, StreamHandler, Downstream, ClosingOwner {
  seat: Seat | null = null;
  isDraining = false;
  readonly client: Client;
  readonly #stream: ByteStream;
  readonly #context: ListenerContext;
  readonly #heads: HeadReader;
  readonly #reader = new BodyReader();
  readonly #writer: BodyWriter;
  readonly #deadline: Deadline;
  #phase: Phase = "idle";
  #exchange: Exchange | null = null;
  #head: RequestHead | null = null;
  readonly #readAhead = new ReadAhead();
  #isProcessing = false;
  #isPausedByExchange = false;
  #hasClientEnded = false;
  #willClose = false;
  #requestCount = 0;
  #bodyBytes = 0;
  #bodyBytesMax = Number.POSITIVE_INFINITY;
  #bodyIdleMs = 0;
  #tunnelIdleMs = 0;

  /** `tls` is null on a plain connection. */
  constructor(stream: ByteStream, context: ListenerContext, tls: TlsFacts | null) {
    this.#stream = stream;
    this.#context = context;
    this.client = new Client(stream, context, tls);
    this.#heads = new HeadReader(context.settings.headLimits);
    this.#writer = new BodyWriter(stream);
    this.#bodyIdleMs = context.settings.bodyIdleTimeoutMs;
    this.#deadline = new Deadline(context.proxy.deadlines, () => this.#expired());
    stream.handler = this;
    this.#deadline.set(context.settings.headTimeoutMs);
  }

  // Downstream: what the exchange asks of this side.

  get backlog(): number {
    return this.#stream.writeBacklog;
  }

  setBodyLimit(bytesMax: number): void {
    this.#bodyBytesMax = bytesMax;
  }

  setIdleTimeouts({ bodyIdleTimeoutMs, tunnelIdleTimeoutMs }: ClientTimeouts): void {
    this.#bodyIdleMs = bodyIdleTimeoutMs ?? this.#bodyIdleMs;
    this.#tunnelIdleMs = tunnelIdleTimeoutMs ?? this.#tunnelIdleMs;
    if (this.#phase === "body") this.#deadline.set(this.#bodyIdleMs);
  }

  fact(name: ExchangeFact): string | number | undefined {
    return name === "connection.requests" ? this.#requestCount : this.client.fact(name);
  }

  sendInformational(status: number, reason: string, fieldLines: string): void {
    if (this.#phase === "closed") return;
    this.#writer.flush();
    this.#stream.writeText(`HTTP/1.1 ${status} ${reason}\r\n${fieldLines}\r\n`);
  }

  sendHead(status: number, reason: string, fieldLines: string, body: BodyFraming, isUpgrade: boolean): void {
    if (this.#phase === "closed") return;
    const head = this.#head as RequestHead;
    if (isUpgrade) {
      this.#beginTunnel();
      this.#writer.begin(headText(status, reason, fieldLines, body, "until-close", ""), "until-close");
      return;
    }
    const framing = clientFraming(body, head.versionMinor);
    this.#willClose =
      this.isDraining ||
      !head.isKeepAlive ||
      framing === "until-close" ||
      this.#requestCount >= this.#context.settings.keepAliveRequestsMax ||
      this.#phase === "body";
    const keepLine = head.versionMinor === 0 ? "Connection: keep-alive\r\n" : "";
    const connectionLine = this.#willClose ? "Connection: close\r\n" : keepLine;
    const lines = fieldLines + this.#context.settings.responseLines;
    const text = headText(status, reason, lines, body, framing, connectionLine);
    this.#writer.begin(text, head.method === "HEAD" ? "none" : framing);
  }

  sendBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "closed") return;
    this.#writer.write(source, bytes, start, end);
    if (this.#phase === "tunnel") this.#deadline.set(this.#tunnelIdleMs);
    else if (this.#stream.writeBacklog > 0) this.#deadline.set(this.#bodyIdleMs);
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
    if (this.#phase === "body") this.#deadline.set(this.#bodyIdleMs);
    this.#stream.resume();
  }

  abort(): void {
    if (this.#phase === "closed") return;
    this.#close();
    this.#stream.reset();
  }

  /**
   * Finishes what is under way and closes. An idle connection is given a moment: its client may be sending
   * the next request just now, and would find the connection reset; it is answered with `Connection: close`.
   */
  drain(): void {
    this.isDraining = true;
    if (this.#phase === "idle" && this.#requestCount > 0) this.#deadline.set(farewellMs);
  }

  /** The grace time is over. */
  terminate(): void {
    this.#failExchange("shutting-down");
    if (this.#stream.writeBacklog === 0) this.#end();
    else this.#destroy();
  }

  // StreamHandler: what the stream tells.

  onData(buffer: Buffer, length: number): void {
    this.#process(buffer, 0, length, this.#stream);
  }

  onEnd(): void {
    this.#hasClientEnded = true;
    if (this.#phase === "tunnel") this.#exchange?.request.onEnd("");
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
      else this.#deadline.set(this.#bodyIdleMs);
    } else if (this.#phase === "idle" && !this.#readAhead.isEmpty) {
      this.#processReadAhead();
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
      if (this.#phase === "idle" && this.#stream.writeBacklog > unreadAnswersMax) {
        // A client that does not read its answers gets no more of them; `onDrain` goes on.
        this.#keepReadAhead(buffer, pos, end, source);
        this.#stream.pause();
        break;
      }
      if (this.#phase === "idle" || this.#phase === "head") pos = this.#readHead(buffer, pos, end);
      else if (this.#phase === "body") pos = this.#readBody(buffer, pos, end);
      else if (this.#phase === "tunnel") {
        this.#deadline.set(this.#tunnelIdleMs);
        this.#exchange?.request.onBody(source, buffer, pos, end);
        pos = end;
      } else if (this.#phase === "awaiting") {
        this.#keepReadAhead(buffer, pos, end, source);
        pos = end;
      } else break;
    }
    this.#exchange?.request.onFlush();
    this.#isProcessing = false;
  }

  #readHead(buffer: Buffer, start: number, end: number): number {
    const heads = this.#heads;
    const pos = heads.read(buffer, start, end);
    if (heads.head !== null) {
      this.#begin(heads.head);
    } else if (heads.fault !== null) {
      if (heads.isHttp2 && this.#mayBecomeHttp2()) this.#becomeHttp2(buffer, pos, end);
      else this.#refuse(heads.fault);
    } else if (this.#phase === "idle" && heads.hasBegun) {
      // The time for a head runs from its first byte, however slowly the others come.
      this.#phase = "head";
      if (this.#requestCount > 0) this.#deadline.set(this.#context.settings.headTimeoutMs);
    }
    return pos;
  }

  /** Only at the very beginning, and only where TLS has not agreed on something else (RFC 9113 §3.3). */
  #mayBecomeHttp2(): boolean {
    return (
      this.#requestCount === 0 && !this.client.peer.isSecure && this.#context.settings.http2.isCleartextServed
    );
  }

  #becomeHttp2(buffer: Buffer, start: number, end: number): void {
    const alreadyRead = Buffer.concat([Buffer.from(http2PrefaceHead), buffer.subarray(start, end)]);
    this.#phase = "closed";
    this.#deadline.dispose();
    this.#context.beginHttp2(this, this.#stream, alreadyRead);
  }

  #begin(head: RequestHead): void {
    const { settings, proxy } = this.#context;
    this.#head = head;
    this.#requestCount++;
    this.#bodyBytes = 0;
    this.#bodyIdleMs = settings.bodyIdleTimeoutMs;
    this.#tunnelIdleMs = settings.tunnelIdleTimeoutMs;
    this.#reader.begin(head.body, settings.trailerBytesMax);
    const isBodyExpected = !this.#reader.isComplete;
    this.#phase = isBodyExpected ? "body" : "awaiting";
    this.#deadline.clear();
    if (isBodyExpected) {
      this.#deadline.set(this.#bodyIdleMs);
      if (head.body.kind === "chunked" || (head.body.kind === "length" && head.body.bytes > 16_384))
        this.#stream.useBulkBuffer(true);
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
      this.#exchange?.request.onEnd(
        withoutNamedOptions(this.#reader.trailers, this.#head?.fields.connection ?? ""),
      );
    } else if (!this.#isPausedByExchange) {
      this.#deadline.set(this.#bodyIdleMs);
    }
    return pos;
  }

  /** For the body reader. */
  onBody(bytes: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#bodyBytes > this.#bodyBytesMax) this.#failExchange("body-too-large");
    else this.#exchange?.request.onBody(this.#stream, bytes, start, end);
  }

  #keepReadAhead(buffer: Buffer, start: number, end: number, source: ByteSource): void {
    this.#readAhead.keep(buffer, start, end, source === ownMemory);
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
    // A client that asked for the end and sent all it had to say needs no lingering.
    const isClientDone = this.#head?.isKeepAlive === false && !isRequestUnfinished && this.#readAhead.isEmpty;
    this.#head = null;
    if (isClientDone && !this.#isProcessing) {
      this.#end();
      return;
    }
    if (this.#willClose || isRequestUnfinished || this.#hasClientEnded) {
      this.#linger();
      return;
    }
    this.#phase = "idle";
    this.#deadline.set(this.#context.settings.keepAliveIdleTimeoutMs);
    if (this.#isPausedByExchange) this.resumeRequest();
    if (!this.#readAhead.isEmpty && !this.#isProcessing) this.#processReadAhead();
  }

  #processReadAhead(): void {
    // A loop, not recursion: answers made at once would otherwise nest as deep as the pipeline.
    while (this.#phase === "idle" && this.#stream.writeBacklog <= unreadAnswersMax) {
      const bytes = this.#readAhead.take();
      if (bytes === null) break;
      this.#process(bytes, 0, bytes.length, ownMemory);
    }
    if (this.#readAhead.isEmpty && this.#phase !== "closed" && !this.#isPausedByExchange)
      this.#stream.resume();
  }

  #beginTunnel(): void {
    this.#phase = "tunnel";
    this.#deadline.set(this.#tunnelIdleMs);
    const early = this.#readAhead.take();
    this.#stream.resume();
    // What the client sent on the heels of its request belongs to the new protocol.
    if (early === null) return;
    this.#exchange?.request.onBody(ownMemory, early, 0, early.length);
    this.#exchange?.request.onFlush();
  }

  /** A head that cannot be served: answer it, then close. */
  #refuse(cause: Cause): void {
    const text = refuseHead(cause, this.#context, this.client.peer);
    this.#phase = "awaiting";
    this.#stream.writeText(text);
    this.#linger();
  }

  #failExchange(cause: Cause): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    exchange.onDownstreamFailed(cause, "");
    // An answer, if one was possible, has replaced the exchange by lingering.
  }

  /** The last answer is given, and the client may have more to say. */
  #linger(): void {
    if (this.#isOpen()) this.#handOver().linger(this.#hasClientEnded);
  }

  /** Both sides have said all they had to say. */
  #end(): void {
    if (!this.#isOpen()) return;
    if (this.#stream.writeBacklog > 0) return this.#linger();
    this.#phase = "closing";
    this.#stream.close();
    // Over TLS it takes until the turn ends, or longer with a client that does not read.
    if (this.#isOpen()) this.#handOver();
  }

  #handOver(): ClosingConnection {
    this.#phase = "closing";
    const { deadlines } = this.#context.proxy;
    return new ClosingConnection(this, this.#stream, deadlines, this.#deadline, this.#bodyIdleMs);
  }

  onLingered(): void {
    this.#destroy();
  }

  #expired(): void {
    switch (this.#phase) {
      case "idle":
        this.#end();
        return;
      case "head":
        this.#refuse("head-timeout");
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
    this.#readAhead.take();
    this.#heads.clear();
    this.#context.onConnectionClosed(this);
  }
}
