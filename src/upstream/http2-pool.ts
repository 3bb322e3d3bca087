/**
 * The HTTP/2 connections to one endpoint in one worker. Exchanges share them up to their limits; who finds no
 * room waits for a connection that is being made, so that a burst makes one connection and not hundreds.
 */
import type { Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import type { Rostered } from "../core/roster.ts";
import type { ByteStream } from "../core/transport.ts";
import {
  Http2Connection,
  type Http2ConnectionOwner,
  type Http2ConnectionSettings,
} from "./http2-connection.ts";
import type { ResponseSink, UpstreamStream } from "./upstream-stream.ts";

/** An exchange that wants a stream; told exactly once unless it cancels. */
export interface Http2Waiter extends ResponseSink {
  readonly isWebSocket: boolean;
  proxyHeader(version: "v1" | "v2", tlvs: readonly ProxyTlvName[]): Uint8Array;
  onUpstreamReady(stream: UpstreamStream): void;
}

/** A waiter's place in the queue. */
export class Http2Wait {
  readonly waiter: Http2Waiter;
  /** A dial of its own, once the endpoint has turned out to speak HTTP/1.1. */
  dial: { cancel(): void } | null = null;
  readonly #leave: (wait: Http2Wait) => void;

  constructor(waiter: Http2Waiter, leave: (wait: Http2Wait) => void) {
    this.waiter = waiter;
    this.#leave = leave;
  }

  cancel(): void {
    if (this.dial === null) this.#leave(this);
    else this.dial.cancel();
  }
}

/** Who is told of a connection being made. */
export interface Http2DialWaiter extends Rostered {
  proxyHeader(version: "v1" | "v2", tlvs: readonly ProxyTlvName[]): Uint8Array;
  onStreamReady(stream: ByteStream, alpn: string): void;
  onUpstreamFailed(cause: Cause, detail: string): void;
}

export interface Http2PoolParts {
  readonly settings: Http2ConnectionSettings;
  readonly isSecure: boolean;
  readonly deadlines: Deadlines;
  /** Makes a connection; one of the two callbacks follows, never inside this call. */
  dial(waiter: Http2DialWaiter): { cancel(): void };
  /** The endpoint turned out to speak HTTP/1.1: the stream is for the first of these, who are here no more. */
  onOtherProtocol(stream: ByteStream, waits: readonly Http2Wait[]): void;
  onReuse(): void;
  onConnectionClosed(): void;
}

const noHeader = new Uint8Array(0);

export class Http2Pool implements Http2ConnectionOwner {
  readonly #parts: Http2PoolParts;
  /** Those that take exchanges. */
  #available: Http2Connection[] = [];
  /** All that are open. */
  readonly #open = new Set<Http2Connection>();
  #waiting: Http2Wait[] = [];
  readonly #leave = (wait: Http2Wait): void => this.#cancel(wait);
  readonly #dials = new Set<{ cancel(): void }>();
  #isClosing = false;

  constructor(parts: Http2PoolParts) {
    this.#parts = parts;
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  /** A stream on a connection with room, or null. */
  take(waiter: Http2Waiter): UpstreamStream | null {
    for (const connection of this.#available) {
      if (connection.isWornOut) {
        connection.retire();
        return this.take(waiter);
      }
      if (!connection.hasRoom) continue;
      this.#parts.onReuse();
      return connection.open(waiter);
    }
    return null;
  }

  /** Waits for room: on a connection being made, and for that one is made if need be. */
  wait(waiter: Http2Waiter): { cancel(): void } {
    const wait = new Http2Wait(waiter, this.#leave);
    this.#waiting.push(wait);
    if (this.#waiting.length > this.#dials.size * this.#parts.settings.streamsMax) this.#dial();
    return wait;
  }

  /** A connection that was made for this waiter alone turned out to speak HTTP/2. */
  adopt(stream: ByteStream, waiter: Http2Waiter): void {
    const connection = this.#add(stream);
    waiter.onUpstreamReady(connection.open(waiter));
    this.#serveFirst(connection);
  }

  /** Lets what is under way finish; for an endpoint that was removed. */
  close(): void {
    this.#isClosing = true;
    this.renew();
  }

  /** What is under way finishes; later exchanges get connections of their own. */
  renew(): void {
    for (const connection of [...this.#open]) connection.retire();
  }

  /** Ends what is under way. */
  breakOff(cause: Cause): void {
    for (const connection of [...this.#open]) connection.breakOff(cause);
  }

  // Http2ConnectionOwner

  onUnavailable(connection: Http2Connection): void {
    this.#available = this.#available.filter((other) => other !== connection);
  }

  onRoom(connection: Http2Connection): void {
    this.#serve(connection);
  }

  onConnectionClosed(connection: Http2Connection): void {
    this.#open.delete(connection);
    this.#parts.onConnectionClosed();
  }

  #dial(): void {
    const dial = this.#parts.dial({
      // Never asked for: whose connection begins with one does not share it.
      proxyHeader: () => noHeader,
      rosterIndex: -1,
      onStreamReady: (stream, alpn) => {
        this.#dials.delete(dial);
        this.#connected(stream, alpn);
      },
      onUpstreamFailed: (cause, detail) => {
        this.#dials.delete(dial);
        this.#failed(cause, detail);
      },
    });
    this.#dials.add(dial);
  }

  #connected(stream: ByteStream, alpn: string): void {
    if (alpn === "h2" || alpn === "") {
      this.#serveFirst(this.#add(stream));
      return;
    }
    const waits = this.#waiting;
    this.#waiting = [];
    this.#parts.onOtherProtocol(stream, waits);
  }

  #add(stream: ByteStream): Http2Connection {
    const { isSecure, settings, deadlines } = this.#parts;
    const connection = new Http2Connection(stream, isSecure, settings, this, deadlines);
    this.#open.add(connection);
    this.#available.push(connection);
    return connection;
  }

  /** A pool that closes serves those who waited, and nobody after them. */
  #serveFirst(connection: Http2Connection): void {
    this.#serve(connection);
    if (this.#isClosing) connection.retire();
  }

  #serve(connection: Http2Connection): void {
    while (this.#waiting.length > 0 && connection.hasRoom) {
      const { waiter } = this.#waiting.shift() as Http2Wait;
      waiter.onUpstreamReady(connection.open(waiter));
    }
    // More than the endpoint lets one connection carry.
    if (this.#waiting.length > 0 && this.#dials.size === 0 && !connection.hasRoom) this.#dial();
  }

  /** Those who waited fail together, unless another connection is still being made. */
  #failed(cause: Cause, detail: string): void {
    if (this.#dials.size > 0) return;
    const waits = this.#waiting;
    this.#waiting = [];
    for (const { waiter } of waits) waiter.onUpstreamFailed(cause, detail);
  }

  #cancel(wait: Http2Wait): void {
    const index = this.#waiting.indexOf(wait);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    if (this.#waiting.length > 0) return;
    for (const dial of this.#dials) dial.cancel();
    this.#dials.clear();
  }
}
