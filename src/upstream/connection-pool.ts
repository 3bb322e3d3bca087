/**
 * Connections to one endpoint in one worker: lends idle ones, newest first, dials new ones, and
 * retires what is too old or too used. HTTP/2 connections, which many share, have a pool of their own beside
 * the HTTP/1.1 ones. It knows no exchange.
 */
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import { Roster } from "../core/roster.ts";
import type { ByteStream, Dialer, DialTarget, UpstreamTls } from "../core/transport.ts";
import {
  type ConnectionWaiter,
  Dial,
  type DialOwner,
  isSameTarget,
  type PendingConnection,
  type StreamWaiter,
} from "./dial.ts";
import { type ConnectionOwner, Http1Connection, type Http1ConnectionLimits } from "./http1-connection.ts";
import { Http2Pool, type Http2Wait } from "./http2-pool.ts";
import type { IdleTime } from "./idle-time.ts";
import type { UpstreamStream } from "./upstream-stream.ts";

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
  /** Told by headers of version 2. */
  readonly proxyTlvs: readonly ProxyTlvName[];
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

/** How a connection begins. */
type DialWay = Pick<ConnectionPoolSettings, "tls" | "proxyProtocol" | "proxyTlvs" | "connectTimeoutMs"> & {
  readonly isForWebSocket: boolean;
};

/** Counts kept by the endpoint's shared state. */
export interface ConnectionCounts {
  /** Takes a place; false when the endpoint's limit of connections is reached. */
  tryOpenConnection(): boolean;
  connectionClosed(): void;
  count(name: "connectionsOpened" | "connectionReuses" | "connectFailures"): void;
}

export class ConnectionPool implements ConnectionOwner, DialOwner {
  #targets: readonly DialTarget[] = [];
  readonly #settings: ConnectionPoolSettings;
  readonly #dialer: Dialer;
  readonly #deadlines: Deadlines;
  readonly #counts: ConnectionCounts;
  readonly #clock: Clock;
  /** Null unless it is learned. */
  readonly #idleTime: IdleTime | null;
  /** The oldest first. */
  readonly #idle: Http1Connection[] = [];
  /** Idle or lent. */
  readonly #open = new Roster<Http1Connection>();
  /** Who has a stream as it is. */
  readonly #streams = new Roster<StreamWaiter>();
  /** Null where only HTTP/1.1 is spoken. */
  readonly #http2: Http2Pool | null;
  /** What an endpoint that chooses has last chosen. */
  #isHttp2Known: boolean;
  readonly #usualWay: DialWay;
  /** How WebSockets reach an endpoint that does not take them over HTTP/2; null while none was seen to refuse. */
  #webSocketWay: DialWay | null = null;
  /** Where the latest connection leads. */
  #latestTarget: DialTarget | null = null;
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
    this.#usualWay = { ...settings, isForWebSocket: false };
    this.#http2 = settings.protocol === "http/1.1" ? null : this.#createHttp2(settings);
  }

  #createHttp2(settings: ConnectionPoolSettings): Http2Pool {
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
      onOtherProtocol: (stream, waits) => this.#adoptHttp1(stream, waits),
      onReuse: () => this.#counts.count("connectionReuses"),
      onConnectionClosed: () => this.#counts.connectionClosed(),
    });
  }

  /** Where to dial, best first; a name may have several addresses. Replaced when the name changes. */
  get targets(): readonly DialTarget[] {
    return this.#targets;
  }

  /** Connections to addresses that are no longer among them finish what they have and close. */
  set targets(targets: readonly DialTarget[]) {
    const isLosing = this.#targets.some((old) => !targets.some((target) => isSameTarget(old, target)));
    this.#targets = targets;
    if (!isLosing) return;
    for (const connection of this.#open.toArray()) if (this.#hasMoved(connection)) connection.retire();
    // Exchanges share few of these, so all are made anew.
    this.#http2?.renew();
  }

  #hasMoved({ target }: Http1Connection): boolean {
    return target !== null && this.#indexOf(target) < 0;
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
    if (this.#http2 !== null && this.#isHttp2Known && !this.#isTurnedAway(waiter))
      return this.#http2.take(waiter);
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
    return this.#clock.nowMs() - newest.lentAtMs >= idleTime.strictMs;
  }

  #nowMs(idleTime: IdleTime): number {
    return idleTime.isShort ? this.#clock.nowMs() : this.#deadlines.coarseNowMs;
  }

  /** Dials; `onUpstreamReady` (`onStreamReady`) or `onUpstreamFailed` follows, never inside this call. */
  dial(waiter: ConnectionWaiter | StreamWaiter): PendingConnection {
    if ("onStreamReady" in waiter) return this.#dialNew(waiter);
    if (this.#isTurnedAway(waiter)) return this.#dialNew(waiter, this.#webSocketWay ?? this.#usualWay);
    // A connection that begins with a client's addresses is no other client's, so nobody waits for one together.
    if (this.#http2 !== null && this.#isHttp2Known && this.#settings.proxyProtocol === "off")
      return this.#http2.wait(waiter);
    return this.#dialNew(waiter);
  }

  /** A WebSocket, and not over HTTP/2: see `keepWebSocketsOffHttp2`. */
  #isTurnedAway({ isWebSocket }: ConnectionWaiter): boolean {
    return isWebSocket && this.#webSocketWay !== null;
  }

  /**
   * The endpoint does not take WebSockets over HTTP/2 (RFC 8441). From now on they get connections of their own,
   * for which HTTP/1.1 alone is offered. False where HTTP/2 was asked for: then there is no other way.
   */
  keepWebSocketsOffHttp2(): boolean {
    const { tls, protocol } = this.#settings;
    if (tls === null || protocol !== "auto") return false;
    this.#webSocketWay ??= {
      ...this.#usualWay,
      tls: { ...tls, alpnProtocols: ["http/1.1"] },
      isForWebSocket: true,
    };
    return true;
  }

  #dialNew(waiter: ConnectionWaiter | StreamWaiter, way = this.#usualWay): PendingConnection {
    const isAllowed = this.#counts.tryOpenConnection() || this.#replaceIdle();
    return new Dial(this, way, this.#dialer, this.#deadlines, waiter, this.#preferredTarget(), isAllowed);
  }

  #preferredTarget(): number {
    return Math.max(0, this.#indexOf(this.#latestTarget));
  }

  #indexOf(target: DialTarget | null): number {
    return target === null ? -1 : this.#targets.findIndex((other) => isSameTarget(other, target));
  }

  /** At the limit of connections, one that was passed over makes room. */
  #replaceIdle(): boolean {
    const oldest = this.#idle[0];
    if (oldest === undefined) return false;
    oldest.retire();
    return this.#counts.tryOpenConnection();
  }

  /** See DialOwner. */
  adopt(stream: ByteStream, alpn: string, target: DialTarget, waiter: ConnectionWaiter | StreamWaiter): void {
    this.#latestTarget = target;
    this.#counts.count("connectionsOpened");
    if ("onStreamReady" in waiter) {
      if (waiter.breakOff !== undefined) this.#streams.add(waiter);
      waiter.onStreamReady(stream, alpn);
    } else if (this.#http2 !== null && (alpn === "h2" || (alpn === "" && this.#settings.protocol === "h2"))) {
      this.#isHttp2Known = true;
      this.#http2.adopt(stream, waiter);
    } else {
      this.#begin(stream, waiter);
    }
  }

  /** An endpoint that used to choose HTTP/2 has chosen otherwise: one connection carries one exchange again. */
  #adoptHttp1(stream: ByteStream, [first, ...others]: readonly Http2Wait[]): void {
    this.#isHttp2Known = false;
    if (first === undefined) {
      stream.close();
      this.#counts.connectionClosed();
      return;
    }
    this.#begin(stream, first.waiter);
    for (const wait of others) wait.dial = this.#dialNew(wait.waiter);
  }

  #begin(stream: ByteStream, waiter: ConnectionWaiter): void {
    const connection = new Http1Connection(stream, this.#settings, this, this.#deadlines);
    this.#open.add(connection);
    connection.target = this.#latestTarget;
    connection.lentAtMs = this.#clock.nowMs();
    connection.attach(waiter);
    // The name may have left this address while it was being dialled.
    if (this.#hasMoved(connection)) connection.retire();
    waiter.onUpstreamReady(connection);
  }

  /** A stream that was handed out as it is has gone. */
  streamClosed(waiter: StreamWaiter): void {
    this.#streams.delete(waiter);
    this.#counts.connectionClosed();
  }

  /** See DialOwner. */
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

  /** Nothing is connected any more. */
  get isEmpty(): boolean {
    return this.#open.size + this.#streams.size + (this.#http2?.connectionCount ?? 0) === 0;
  }

  /** Ends whatever is under way. */
  breakOff(cause: Cause): void {
    for (const connection of this.#open.toArray()) connection.breakOff(cause);
    for (const waiter of this.#streams.toArray()) waiter.breakOff?.(cause);
    this.#http2?.breakOff(cause);
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
    this.#open.delete(connection);
    this.#counts.connectionClosed();
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}
