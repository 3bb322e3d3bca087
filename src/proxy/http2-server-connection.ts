/**
 * One HTTP/2 connection of a client: turns the header lists of its streams into the heads that HTTP/1.1 would
 * have sent, so that every rule holds for both, and gives each an exchange. Frames, windows and the
 * limits on conduct are the session's.
 */
import { Deadline } from "../core/deadlines.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import { Roster } from "../core/roster.ts";
import { isGrpcType } from "../core/grpc.ts";
import type { TlsFacts } from "../core/tls.ts";
import type { ByteStream } from "../core/transport.ts";
import { type RequestHead, RequestHeadParser } from "../http1/request-head.ts";
import type { Field } from "../http2/field.ts";
import { ErrorCode } from "../http2/frames.ts";
import { encodeContentLength, encodeLines, encodeStatus } from "../http2/hpack-encoder.ts";
import { requestText } from "../http2/message-text.ts";
import { Http2Session } from "../http2/session.ts";
import type { SessionLimits } from "../http2/session-limits.ts";
import type { SessionOwner } from "../http2/session-owner.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { Seat, ServerConnection } from "../listener/listener.ts";
import { Client } from "./client.ts";
import { DiscardedRequest } from "./discarded-request.ts";
import { Http2ServerStream, type Http2ServerStreamOwner } from "./http2-server-stream.ts";
import { grpcFailureLines } from "./grpc-call.ts";
import type { ListenerContext, ListenerSettings } from "./listener-context.ts";
import { errorResponse } from "./local-response.ts";
import { upgradeLines } from "./websocket-bridge.ts";

/** Compressed, a block is smaller than what it stands for, but by no rule. */
const fieldOverhead = 32;
/** What is a little too large is read to its end and answered 431; without it the connection could not go on. */
const blockAllowance = 2;

export class Http2ServerConnection implements ServerConnection, SessionOwner, Http2ServerStreamOwner {
  readonly client: Client;
  readonly context: ListenerContext;
  requestCount = 0;
  seat: Seat | null = null;
  /** Its listener stops. */
  isDraining = false;
  readonly #session: Http2Session;
  readonly #parser: RequestHeadParser;
  readonly #deadline: Deadline;
  readonly #streams = new Roster<Http2ServerStream>();
  /** Takes no more requests, for whatever reason. */
  #isEnding = false;

  /** `tls` is null on a plain connection. */
  constructor(stream: ByteStream, context: ListenerContext, tls: TlsFacts | null) {
    const { settings, proxy } = context;
    this.context = context;
    this.client = new Client(stream, context, tls);
    this.#parser = new RequestHeadParser(settings.headLimits);
    this.#deadline = new Deadline(proxy.deadlines, () => this.#session.drain());
    this.#session = new Http2Session(stream, true, sessionLimits(settings), this, proxy.deadlines);
    this.#deadline.set(settings.keepAliveIdleTimeoutMs);
  }

  /** Goes on with what was read before it was known that HTTP/2 is spoken, the preface first. */
  start(alreadyRead: Buffer): void {
    this.#session.onData(alreadyRead, alreadyRead.length);
  }

  // ServerConnection: what the listener asks.

  drain(): void {
    this.isDraining = true;
    this.#end();
  }

  #end(): void {
    this.#isEnding = true;
    this.#session.drain();
  }

  /** The grace time is over. */
  terminate(): void {
    for (const stream of this.#streams.toArray()) stream.fail("shutting-down", "");
    this.#session.destroy();
  }

  // SessionOwner: what the session tells.

  onRequest(stream: Http2Stream, fields: readonly Field[], isEnd: boolean): void {
    const head = this.#readHead(fields, isEnd);
    if (head === null) {
      this.#refused("malformed-message");
      stream.reset(ErrorCode.protocol);
    } else if (typeof head === "string") {
      this.#answerRefusal(stream, head, fields);
    } else {
      this.#begin(stream, head);
    }
  }

  onRequestTooLarge(stream: Http2Stream, fields: readonly Field[]): void {
    this.#answerRefusal(stream, "head-too-large", fields);
  }

  onPeerSettings(): void {}

  onGoAway(): void {
    this.#isEnding = true;
  }

  onStreamClosed(): void {}

  onQuiet(): void {
    if (!this.#isEnding) this.#deadline.set(this.context.settings.keepAliveIdleTimeoutMs);
  }

  onClosed(reason: string | null): void {
    this.#deadline.dispose();
    const { log } = this.context.proxy;
    if (reason !== null && this.#session.isPeerAtFault) {
      this.#refused("http2-misconduct");
      if (log.isDebug) {
        log.debug("HTTP/2 connection closed", {
          listener: this.context.settings.name,
          peer: this.client.peer.address,
          reason,
        });
      }
    }
    this.context.onConnectionClosed(this);
  }

  // Http2ServerStreamOwner

  onStreamFinished(stream: Http2ServerStream): void {
    this.#streams.delete(stream);
  }

  // Heads.

  /** A head, the cause to refuse it, or null when the message is malformed. */
  #readHead(fields: readonly Field[], isEnd: boolean): RequestHead | Cause | null {
    const request = requestText(fields, isEnd, upgradeLines);
    if (request === "malformed") return null;
    if (request === "conflicting-host") return "bad-host";
    if (request.protocol !== "" && request.protocol !== "websocket") return "connect-refused-method";
    const { text } = request;
    if (text.length > this.context.settings.headLimits.headBytesMax) return "head-too-large";
    const head = this.#parser.parse(text, 0, text.length);
    if (typeof head === "string") return head;
    const { method, target, versionMinor, host, body, isKeepAlive } = head;
    // A request that is over and claims a body is malformed (RFC 9113 §8.1.1).
    if (isEnd && body.kind === "length" && body.bytes > 0) return null;
    return { method, target, versionMinor, host, fields: head.fields, body, isKeepAlive, isHttp2: true };
  }

  #begin(stream: Http2Stream, head: RequestHead): void {
    const { settings } = this.context;
    this.#deadline.clear();
    this.requestCount++;
    const serverStream = new Http2ServerStream(this, stream, head);
    this.#streams.add(serverStream);
    serverStream.start();
    if (this.requestCount >= settings.keepAliveRequestsMax && !this.#isEnding) this.#end();
  }

  /** An answer outside any exchange. */
  #answerRefusal(stream: Http2Stream, cause: Cause, fields: readonly Field[]): void {
    const { isCauseShown, clock } = this.context.proxy;
    const response = errorResponse(cause, isCauseShown, clock);
    this.#refused(cause);
    if (response === null) return stream.reset(ErrorCode.protocol);
    if (isGrpc(fields)) {
      stream.sendHeaders(encodeStatus(200) + encodeLines(grpcFailureLines(response, cause)), true);
    } else {
      const body = Buffer.from(response.body, "latin1");
      const block = encodeStatus(response.status) + encodeLines(response.fieldLines);
      stream.sendHeaders(block + encodeContentLength(body.length), false);
      stream.sendData(body, 0, body.length);
      stream.sendEnd("");
    }
    if (!stream.isClosed) new DiscardedRequest(stream, this.context.proxy.deadlines).begin();
  }

  #refused(cause: Cause): void {
    const response = errorResponse(cause, false, this.context.proxy.clock);
    this.context.onRefused(
      cause,
      errorRow(cause).status ?? 499,
      this.client.peer.address,
      response?.body.length ?? 0,
    );
  }
}

/** A call, before its head is one. */
function isGrpc(fields: readonly Field[]): boolean {
  return fields.some(({ name, value }) => name === "content-type" && isGrpcType(value));
}

function sessionLimits({
  headLimits,
  http2,
  headTimeoutMs,
  bodyIdleTimeoutMs,
}: ListenerSettings): SessionLimits {
  return {
    headerListBytesMax: headLimits.headBytesMax + headLimits.headerCountMax * fieldOverhead,
    headerBlockBytesMax: headLimits.headBytesMax * blockAllowance,
    peerStreamsMax: http2.streamsMax,
    streamWindow: http2.streamWindow,
    connectionWindow: http2.connectionWindow,
    resetsPerSecond: http2.resetsPerSecond,
    framesPerSecond: http2.framesPerSecond,
    frameTimeoutMs: headTimeoutMs,
    stallTimeoutMs: bodyIdleTimeoutMs,
  };
}
