/**
 * Connections to one endpoint in one worker: lends idle ones, newest first, dials new ones, and
 * retires what is too old or too used. HTTP/2 connections, which many share, have a pool of their own beside
 * the HTTP/1.1 ones. It knows no exchange.
 */
import type { Clock } from "../core/clock.ts";
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ByteStream, Dialer, DialHandler, DialTarget, UpstreamTls } from "../core/transport.ts";
import { type ConnectionOwner, Http1Connection, type Http1ConnectionLimits } from "./http1-connection.ts";
import { Http2Pool, type Http2Waiter } from "./http2-pool.ts";
import type { IdleTime } from "./idle-time.ts";
import type { ResponseSink, UpstreamStream } from "./upstream-stream.ts";

/** Who asked for a connection; told exactly once unless it cancels. */
interface DialWaiter {
  /** The PROXY header with which the connection begins, where the endpoint expects one. */
  proxyHeader(version: "v1" | "v2"): Uint8Array;
  onUpstreamFailed(cause: Cause, detail: string): void;
}

/** It wants to speak HTTP. */
export interface ConnectionWaiter extends ResponseSink, DialWaiter {
  onUpstreamReady(stream: UpstreamStream): void;
}

/** It wants the bytes as they are. It tells `streamClosed` when the stream is gone. */
export interface StreamWaiter extends DialWaiter {
  onStreamReady(stream: ByteStream, alpn: string): void;
}

export interface ConnectionPoolSettings extends Http1ConnectionLimits {
  readonly tls: UpstreamTls | null;
  /** `auto` leaves it to the endpoint (ALPN). */
  readonly protocol: "http/1.1" | "h2" | "auto";
  readonly http2: {
    readonly streamsMax: number;
    readonly streamWindow: number;
    readonly connectionWindow: number;
  };
  /** Connections begin with a PROXY header, so each belongs to one client and carries one exchange. */
  readonly proxyProtocol: "off" | "v1" | "v2";
  readonly connectTimeoutMs: number;
  /** How long a connection is kept idle at most. */
  readonly poolIdleTimeoutMs: number;
  /** Is the endpoint's own idle time learned, and are connections passed over that come near it? */
  readonly isIdleTimeLearned: boolean;
  /** Idle connections kept per worker; the oldest is closed when one more comes back. */
  readonly idleMax: number;
  /** A connection older than this is closed instead of lent again; Infinity for no limit. */
  readonly lifetimeMs: number;
  /** Exchanges one connection may carry; Infinity for no limit. */
  readonly requestsMax: number;
}

/** Counts kept by the endpoint's shared state. */
export interface ConnectionCounts {
  /** Takes a place; false when the endpoint's limit of connections is reached. */
  tryOpenConnection(): boolean;
  connectionClosed(): void;
  count(name: "connectionsOpened" | "connectionReuses" | "connectFailures"): void;
}

/** Cancels a request for a connection; nothing is called back afterwards. */
export interface PendingConnection {
  cancel(): void;
}

export class ConnectionPool implements ConnectionOwner {
  /** Where to dial, best first; a name may have several addresses. Replaced when the name changes. */
  targets: readonly DialTarget[] = [];
  readonly #settings: ConnectionPoolSettings;
  readonly #dialer: Dialer;
  readonly #deadlines: Deadlines;
  readonly #counts: ConnectionCounts;
  readonly #clock: Clock;
  /** Null unless it is learned. */
  readonly #idleTime: IdleTime | null;
  /** The oldest first. */
  readonly #idle: Http1Connection[] = [];
  /** Null where only HTTP/1.1 is spoken. */
  readonly #http2: Http2Pool | null;
  /** What an endpoint that chooses has last chosen. */
  #isHttp2Known: boolean;
  #preferredTarget = 0;
  #isClosing = false;

  constructor(
    settings: ConnectionPoolSettings,
    dialer: Dialer,
    deadlines: Deadlines,
    counts: ConnectionCounts,
    clock: Clock,
    idleTime: IdleTime | null,
  ) {
    this.#settings = settings;
    this.#dialer = dialer;
    this.#deadlines = deadlines;
    this.#counts = counts;
    this.#clock = clock;
    this.#idleTime = settings.isIdleTimeLearned ? idleTime : null;
    this.#isHttp2Known = settings.protocol === "h2";
    this.#http2 = settings.protocol === "http/1.1" ? null : this.#createHttp2(settings);
  }

  #createHttp2(settings: ConnectionPoolSettings): Http2Pool {
    // One that begins with a client's addresses is for this client only.
    const isPrivate = settings.proxyProtocol !== "off";
    const { streamsMax, ...windows } = settings.http2;
    return new Http2Pool({
      settings: {
        ...settings,
        ...windows,
        streamsMax: isPrivate ? 1 : streamsMax,
        requestsMax: isPrivate ? 1 : settings.requestsMax,
        idleTimeoutMs: settings.poolIdleTimeoutMs,
      },
      isSecure: settings.tls !== null,
      deadlines: this.#deadlines,
      dial: (waiter) => this.#dialNew(waiter),
      onOtherProtocol: (stream, waiters) => this.#adoptHttp1(stream, waiters),
      onReuse: () => this.#counts.count("connectionReuses"),
      onConnectionClosed: () => this.#counts.connectionClosed(),
    });
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** See ConnectionOwner. */
  get idleTimeoutMs(): number {
    const { poolIdleTimeoutMs } = this.#settings;
    return this.#idleTime === null ? poolIdleTimeoutMs : Math.min(poolIdleTimeoutMs, this.#idleTime.retireMs);
  }

  /**
   * An idle connection attached to the waiter, or null. One that the endpoint may be about to close is
   * left alone; it shows when the endpoint does. `isRepeatable`: the request can be sent again.
   */
  takeIdle(waiter: ConnectionWaiter, isRepeatable: boolean): UpstreamStream | null {
    if (this.#http2 !== null && this.#isHttp2Known) return this.#http2.take(waiter);
    for (;;) {
      const connection = this.#idle.at(-1);
      if (
        connection === undefined ||
        (this.#idleTime !== null && this.#isNearItsEnd(connection, this.#idleTime, isRepeatable))
      ) {
        return null;
      }
      this.#idle.pop();
      if (this.#deadlines.coarseNowMs - connection.openedAtMs > this.#settings.lifetimeMs) {
        connection.retire();
        continue;
      }
      this.#counts.count("connectionReuses");
      if (this.#idleTime !== null) connection.lentAtMs = this.#nowMs(this.#idleTime);
      connection.attach(waiter);
      return connection;
    }
  }

  #isNearItsEnd(newest: Http1Connection, idleTime: IdleTime, isRepeatable: boolean): boolean {
    if (isRepeatable) return this.#nowMs(idleTime) - newest.idleSinceMs > idleTime.repeatableMs;
    // This thread may have been late to see the last response: count from when its request was sent.
    return this.#clock.nowMs() - newest.lentAtMs > idleTime.strictMs;
  }

  #nowMs(idleTime: IdleTime): number {
    return idleTime.isShort ? this.#clock.nowMs() : this.#deadlines.coarseNowMs;
  }

  /** Dials; `onUpstreamReady` (`onStreamReady`) or `onUpstreamFailed` follows, never inside this call. */
  dial(waiter: ConnectionWaiter | StreamWaiter): PendingConnection {
    if (this.#http2 !== null && this.#isHttp2Known && !("onStreamReady" in waiter))
      return this.#http2.wait(waiter);
    return this.#dialNew(waiter);
  }

  #dialNew(waiter: ConnectionWaiter | StreamWaiter): PendingConnection {
    const isAllowed = this.#counts.tryOpenConnection() || this.#replaceIdle();
    return new Dial(
      this,
      this.#settings,
      this.#dialer,
      this.#deadlines,
      waiter,
      this.#preferredTarget,
      isAllowed,
    );
  }

  /** At the limit of connections, one that was passed over makes room. */
  #replaceIdle(): boolean {
    const oldest = this.#idle[0];
    if (oldest === undefined) return false;
    oldest.retire();
    return this.#counts.tryOpenConnection();
  }

  /** For `Dial`: a stream to the target of that index is there. */
  adopt(
    stream: ByteStream,
    alpn: string,
    targetIndex: number,
    waiter: ConnectionWaiter | StreamWaiter,
  ): void {
    this.#preferredTarget = targetIndex;
    this.#counts.count("connectionsOpened");
    if ("onStreamReady" in waiter) {
      waiter.onStreamReady(stream, alpn);
    } else if (this.#http2 !== null && alpn === "h2") {
      this.#isHttp2Known = true;
      this.#http2.adopt(stream, waiter);
    } else {
      this.#begin(stream, waiter);
    }
  }

  /** An endpoint that used to choose HTTP/2 has chosen otherwise: one connection carries one exchange again. */
  #adoptHttp1(stream: ByteStream, [first, ...others]: readonly Http2Waiter[]): void {
    this.#isHttp2Known = false;
    if (first === undefined) {
      stream.destroy();
      this.#counts.connectionClosed();
      return;
    }
    this.#begin(stream, first);
    for (const waiter of others) this.#dialNew(waiter);
  }

  #begin(stream: ByteStream, waiter: ConnectionWaiter): void {
    const connection = new Http1Connection(stream, this.#settings, this, this.#deadlines);
    connection.lentAtMs = this.#clock.nowMs();
    connection.attach(waiter);
    waiter.onUpstreamReady(connection);
  }

  /** A stream that was handed out as it is has gone. */
  streamClosed(): void {
    this.#counts.connectionClosed();
  }

  /** For `Dial`: it came to nothing, so its place is free again. */
  giveUp(hasFailed: boolean): void {
    this.#counts.connectionClosed();
    if (hasFailed) this.#counts.count("connectFailures");
  }

  /** Lets what is in use finish and closes the rest; for an endpoint that was removed. */
  close(): void {
    this.#isClosing = true;
    this.#http2?.close();
    for (const connection of [...this.#idle]) connection.retire();
  }

  onConnectionIdle(connection: Http1Connection): void {
    const { requestsMax, proxyProtocol } = this.#settings;
    if (this.#isClosing || connection.exchangeCount >= requestsMax || proxyProtocol !== "off") {
      connection.retire();
      return;
    }
    connection.idleSinceMs = this.#idleTime === null ? 0 : this.#nowMs(this.#idleTime);
    this.#idle.push(connection);
    if (this.#idle.length > this.#settings.idleMax) this.#idle[0]?.retire();
  }

  onKeepAliveTold(keepAlive: string): void {
    this.#idleTime?.told(keepAlive);
  }

  onClosedByEndpoint(connection: Http1Connection): void {
    const nowMs = this.#clock.nowMs();
    this.#idleTime?.closed(nowMs - connection.idleSinceMs, nowMs);
  }

  onIdleExpired(connection: Http1Connection): void {
    this.#idleTime?.outlived(this.#clock.nowMs() - connection.idleSinceMs);
  }

  onConnectionClosed(connection: Http1Connection): void {
    this.#counts.connectionClosed();
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

/** One attempt to connect: each of the endpoint's addresses in turn, within one time limit. */
class Dial implements DialHandler, PendingConnection {
  readonly #pool: ConnectionPool;
  readonly #settings: ConnectionPoolSettings;
  readonly #dialer: Dialer;
  readonly #waiter: ConnectionWaiter | StreamWaiter;
  readonly #deadline: Deadline;
  #targetIndex: number;
  #triesLeft: number;
  #abandon: () => void = () => {};
  #isOver = false;
  #worst: { readonly cause: Cause; readonly detail: string } = noFailure;
  #hasPlace: boolean;

  constructor(
    pool: ConnectionPool,
    settings: ConnectionPoolSettings,
    dialer: Dialer,
    deadlines: Deadlines,
    waiter: ConnectionWaiter | StreamWaiter,
    preferredTarget: number,
    isAllowed: boolean,
  ) {
    this.#pool = pool;
    this.#settings = settings;
    this.#dialer = dialer;
    this.#waiter = waiter;
    this.#triesLeft = pool.targets.length;
    this.#targetIndex = preferredTarget < pool.targets.length ? preferredTarget : 0;
    this.#deadline = new Deadline(deadlines, () => this.#fail("connect-timeout", ""));
    this.#deadline.set(settings.connectTimeoutMs);
    this.#hasPlace = isAllowed;
    if (!isAllowed) queueMicrotask(() => this.#fail("pool-full", ""));
    else if (this.#triesLeft === 0) queueMicrotask(() => this.#fail("name-unresolved", ""));
    else this.#dialNext();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#giveUp(false);
  }

  onConnected(stream: ByteStream, alpn: string): void {
    if (this.#isOver) {
      stream.destroy();
      return;
    }
    this.#finish();
    this.#pool.adopt(stream, alpn, this.#targetIndex, this.#waiter);
  }

  onDialFailed(errorCode: string): void {
    if (this.#isOver) return;
    this.#note(errorCode);
    if (--this.#triesLeft > 0) {
      this.#targetIndex = (this.#targetIndex + 1) % this.#pool.targets.length;
      this.#dialNext();
      return;
    }
    this.#fail(this.#worst.cause, this.#worst.detail);
  }

  /** Of several addresses' failures the one that got furthest says most. */
  #note(errorCode: string): void {
    const cause = causeOfDialFailure(errorCode, this.#settings.tls !== null);
    if (this.#worst === noFailure || rankOf(cause) > rankOf(this.#worst.cause))
      this.#worst = { cause, detail: errorCode };
  }

  #dialNext(): void {
    const target = this.#pool.targets[this.#targetIndex];
    if (target === undefined) return this.#fail("name-unresolved", "");
    const { tls, proxyProtocol } = this.#settings;
    const preamble = proxyProtocol === "off" ? null : this.#waiter.proxyHeader(proxyProtocol);
    this.#abandon = this.#dialer.dial(target, tls, this, preamble);
  }

  #fail(cause: Cause, detail: string): void {
    if (this.#isOver) return;
    this.#finish();
    this.#giveUp(true);
    this.#waiter.onUpstreamFailed(cause, detail);
  }

  #giveUp(hasFailed: boolean): void {
    this.#abandon();
    if (this.#hasPlace) this.#pool.giveUp(hasFailed);
  }

  #finish(): void {
    this.#isOver = true;
    this.#deadline.dispose();
  }
}

const noFailure: { readonly cause: Cause; readonly detail: string } = { cause: "connect-failed", detail: "" };

/** How far a failed dial got. */
function rankOf(cause: Cause): number {
  return ["connect-refused", "connect-failed", "connect-timeout", "tls-failed"].indexOf(cause);
}

const networkErrors = new Set([
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE",
  "EACCES",
  "EPERM",
  "ENOENT",
  "ECONNRESET",
]);

function causeOfDialFailure(errorCode: string, isTls: boolean): Cause {
  if (errorCode === "ECONNREFUSED") return "connect-refused";
  if (errorCode === "ETIMEDOUT") return "connect-timeout";
  return isTls && !networkErrors.has(errorCode) ? "tls-failed" : "connect-failed";
}
