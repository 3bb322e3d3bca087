/**
 * One HTTP/2 connection to an endpoint, carrying the exchanges of many clients at once. It says how many more
 * it takes and when it takes none; which connection is used is its owner's business.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ByteStream } from "../core/transport.ts";
import { ResponseHeadParser } from "../http1/response-head.ts";
import { ErrorCode } from "../http2/frames.ts";
import { Http2Session } from "../http2/session.ts";
import type { SessionLimits } from "../http2/session-limits.ts";
import type { SessionOwner } from "../http2/session-owner.ts";
import type { Http1ConnectionLimits } from "./http1-connection.ts";
import { Http2UpstreamStream, type StreamHost } from "./http2-stream.ts";
import type { ResponseSink } from "./upstream-stream.ts";

export interface Http2ConnectionSettings extends Http1ConnectionLimits {
  /** Exchanges at once on one connection, if the endpoint allows as many. */
  readonly streamsMax: number;
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly idleTimeoutMs: number;
  /** Infinity for no limit. */
  readonly lifetimeMs: number;
  /** Exchanges one connection may carry; Infinity for no limit. */
  readonly requestsMax: number;
}

export interface Http2ConnectionOwner {
  /** Takes no more exchanges: it drains, or is gone. */
  onUnavailable(connection: Http2Connection): void;
  /** There is room for another exchange. */
  onRoom(connection: Http2Connection): void;
  onConnectionClosed(connection: Http2Connection): void;
}

/** What servers may do to us is bounded by what we ask of them: these only have to be out of the way. */
const conduct = {
  resetsPerSecond: 1_000_000,
  framesPerSecond: 1_000_000,
  frameTimeoutMs: 60_000,
  stallTimeoutMs: 60_000,
};
const fieldOverhead = 32;
/** A head up to so many times too large fails its own exchange; beyond, it would end those of others with it. */
const blockAllowance = 4;

export class Http2Connection implements SessionOwner, StreamHost {
  readonly isSecure: boolean;
  readonly limits: Http2ConnectionSettings;
  readonly deadlines: Deadlines;
  readonly parser: ResponseHeadParser;
  breakCause: Cause | null = null;
  exchangeCount = 0;
  readonly #openedAtMs: number;
  readonly #owner: Http2ConnectionOwner;
  readonly #session: Http2Session;
  readonly #idleDeadline: Deadline;
  #isAvailable = true;
  /** The last stream of which the endpoint, going away, says that it takes care. */
  #vouchedFor = 0;
  #unsettled: Http2UpstreamStream[] = [];

  constructor(
    stream: ByteStream,
    isSecure: boolean,
    settings: Http2ConnectionSettings,
    owner: Http2ConnectionOwner,
    deadlines: Deadlines,
  ) {
    this.isSecure = isSecure;
    this.limits = settings;
    this.deadlines = deadlines;
    this.parser = new ResponseHeadParser(settings.headerCountMax);
    this.#owner = owner;
    this.#openedAtMs = deadlines.baseMs();
    this.#idleDeadline = new Deadline(deadlines, () => this.retire());
    this.#session = new Http2Session(stream, false, sessionLimits(settings), this, deadlines);
  }

  /** May one more exchange begin here? */
  get hasRoom(): boolean {
    return (
      this.#isAvailable && this.#session.hasCapacity && this.#session.openStreams < this.limits.streamsMax
    );
  }

  get openStreams(): number {
    return this.#session.openStreams;
  }

  /** Older than it may be. */
  get isWornOut(): boolean {
    return this.deadlines.coarseNowMs - this.#openedAtMs > this.limits.lifetimeMs;
  }

  /** Begins an exchange; there must be room. */
  open(sink: ResponseSink): Http2UpstreamStream {
    this.#idleDeadline.clear();
    const stream = new Http2UpstreamStream(this, sink, this.exchangeCount++ > 0);
    stream.stream = this.#session.openStream(stream);
    if (this.exchangeCount >= this.limits.requestsMax) this.retire();
    return stream;
  }

  /** Takes no more exchanges and closes after the last one. */
  retire(): void {
    this.#session.drain();
  }

  // StreamHost

  get isConnectProtocolKnown(): boolean {
    return this.#session.peer.isConnectProtocolKnown;
  }

  get hasPeerSettings(): boolean {
    return this.#session.hasPeerSettings;
  }

  awaitSettings(stream: Http2UpstreamStream): void {
    this.#unsettled.push(stream);
  }

  get hasTakenSome(): boolean {
    return this.#vouchedFor > 0;
  }

  get lastHeardMs(): number {
    return this.#session.lastHeardMs;
  }

  giveUp(): void {
    this.retire();
  }

  // SessionOwner

  /** Servers do not ask. */
  onRequest(): void {}
  onRequestTooLarge(): void {}

  onPeerSettings(): void {
    const unsettled = this.#unsettled;
    this.#unsettled = [];
    for (const stream of unsettled) stream.onPeerSettings();
    if (this.hasRoom) this.#owner.onRoom(this);
  }

  onGoAway(lastStreamId: number): void {
    this.#vouchedFor = lastStreamId;
    if (!this.#isAvailable) return;
    this.#isAvailable = false;
    this.#owner.onUnavailable(this);
  }

  onQuiet(): void {
    if (this.#isAvailable) this.#idleDeadline.set(this.limits.idleTimeoutMs);
  }

  onStreamClosed(): void {
    if (this.hasRoom) this.#owner.onRoom(this);
  }

  onClosed(): void {
    this.#idleDeadline.dispose();
    this.onGoAway(0);
    this.#owner.onConnectionClosed(this);
  }

  /** Ends everything it carries, for a reason of Headgate's own. */
  breakOff(cause: Cause): void {
    this.breakCause = cause;
    this.destroy();
  }

  /** Closes at once. */
  destroy(): void {
    this.#session.terminate(ErrorCode.none, null);
    this.#session.destroy();
  }
}

function sessionLimits(settings: Http2ConnectionSettings): SessionLimits {
  const { responseHeadBytesMax, headerCountMax, streamWindow, connectionWindow } = settings;
  return {
    ...conduct,
    headerListBytesMax: responseHeadBytesMax + headerCountMax * fieldOverhead,
    headerBlockBytesMax: responseHeadBytesMax * blockAllowance,
    peerStreamsMax: 0,
    streamWindow,
    connectionWindow,
  };
}
