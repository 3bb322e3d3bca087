/**
 * The endpoint's side of one attempt, as the exchange sees it. HTTP/1.1 connections implement it
 * here; HTTP/2 sessions lend one per stream. Neither side knows who is behind the other.
 */
import type { ByteStream } from "../core/transport.ts";
import type { Cause } from "../core/errors.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response-head.ts";

/** Where body bytes come from: whoever lends the buffer must be told when it was kept. */
export type ByteSource = Pick<ByteStream, "isReadBufferShared" | "replaceReadBuffer">;

/** For bytes in memory that nobody else writes to. */
export const ownMemory: ByteSource = { isReadBufferShared: false, replaceReadBuffer() {} };

/** A request ready to be sent: everything decided, nothing hop-by-hop left. */
export interface OutgoingRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** Field lines, each with CRLF, without Host, framing and connection fields. */
  readonly fieldLines: string;
  readonly body: BodyFraming;
  /** Protocols offered for an upgrade; "" for none. */
  readonly upgrade: string;
  /** The client waits for 100 before it sends its body. */
  readonly isContinueExpected: boolean;
  /** The client understands trailers (`TE: trailers`). */
  readonly isTrailersAccepted: boolean;
  /** Where the route's timeouts differ from the pool's; null for the pool's. */
  readonly timeouts: UpstreamTimeouts | null;
}

/** Each null for the pool's. */
export interface UpstreamTimeouts {
  readonly responseHeadMs: number | null;
  readonly idleMs: number | null;
  /** The same within server-sent events. */
  readonly eventStreamIdleMs: number | null;
}

/** What an attempt's owner is told. Never called after `detach`, `cancel` or `onUpstreamFailed`. */
export interface ResponseSink {
  onInformational(head: ResponseHead): void;
  /** The final head. `isUpgrade` after 101: bytes then flow as body in both directions. */
  onResponseHead(head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void;
  onResponseBody(source: ByteSource, bytes: Buffer, start: number, end: number): void;
  /** Complete: the upstream side has already been given back to its pool or closed. */
  onResponseEnd(trailers: string): void;
  /** One read's worth has been delivered: a good time to write what is held back. */
  onResponseFlush(): void;
  onUpstreamDrain(): void;
  onUpstreamFailed(cause: Cause, detail: string): void;
}

export interface UpstreamStream {
  /** It had carried an exchange before, so a failure may be an idle close. */
  readonly isReused: boolean;
  /** The endpoint has taken others of those that shared the connection: who was left out gets a turn later. */
  readonly isQueueMoving: boolean;
  /** Body bytes not yet taken by the kernel. */
  readonly backlog: number;
  sendHead(request: OutgoingRequest): void;
  sendBody(source: ByteSource, bytes: Buffer, start: number, end: number): void;
  /** The body is complete; `trailers` are field lines, "" for none. */
  sendEnd(trailers: string): void;
  /** Writes what was held back to go out together. */
  flush(): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** Both directions of a tunnel have ended: what is written still flows out, nothing is called back. */
  finishTunnel(): void;
  /** Gives up: nothing is called back any more. */
  cancel(): void;
}
