/**
 * What a fresh connection of one listener becomes: a wait for its PROXY header first, then a TLS handshake,
 * where the listener has these, and then what is spoken: HTTP, or a stream that is passed on as it is.
 */
import type { ListenerConfig } from "../config/schema-listener.ts";
import type { Log } from "../core/log.ts";
import type { ServerTlsSettings, TlsFacts, TlsTerminator } from "../core/tls.ts";
import type { ByteStream } from "../core/transport.ts";
import type { ServerConnection } from "../listener/listener.ts";
import { ProxyHeaderWait } from "../listener/proxy-header-wait.ts";
import type { ProxyTlv } from "../listener/proxy-protocol.ts";
import { TlsHandshake } from "../listener/tls-handshake.ts";
import { Http1ServerConnection } from "../proxy/http1-server-connection.ts";
import { Http2ServerConnection } from "../proxy/http2-server-connection.ts";
import type { ListenerContext } from "../proxy/listener-context.ts";
import { refuseConnection } from "../proxy/refused-head.ts";
import type { StreamContext } from "../stream/stream-context.ts";
import { TcpRelay } from "../stream/tcp-relay.ts";
import { streamSettings } from "./stream-settings.ts";

const noTlvs: readonly ProxyTlv[] = [];

export interface ConnectionStarterParts {
  readonly context: ListenerContext;
  readonly streams: StreamContext;
  readonly log: Log;
  createTlsTerminator(): TlsTerminator;
  /** A handshake ended well. */
  onSecured(isResumed: boolean): void;
  /** A handshake failed, whoever's fault it was. */
  onHandshakeFailed(): void;
  onReplaced(waiting: ServerConnection, connection: ServerConnection): void;
}

export class ConnectionStarter {
  readonly #parts: ConnectionStarterParts;
  /** Null while the listener is plain. */
  #terminator: TlsTerminator | null = null;

  #isHttp = true;
  /** Null where no header is expected. */
  #proxyHeaderTimeoutMs: number | null = null;

  constructor(config: ListenerConfig, parts: ConnectionStarterParts) {
    this.#parts = parts;
    this.update(config);
  }

  /** For connections that come later. */
  update(config: ListenerConfig): void {
    const { protocol, proxyProtocol, timeouts } = config;
    this.#isHttp = protocol === "http";
    this.#proxyHeaderTimeoutMs = proxyProtocol === "required" ? timeouts.proxyHeader : null;
    this.#parts.streams.settings = streamSettings(config);
  }

  /** For connections that come later. Throws when a certificate cannot be used. */
  useTls(settings: ServerTlsSettings | null): void {
    if (settings === null) {
      this.#terminator = null;
      return;
    }
    const terminator = this.#terminator ?? this.#parts.createTlsTerminator();
    terminator.update(settings);
    this.#terminator = terminator;
  }

  begin(stream: ByteStream): ServerConnection {
    const timeoutMs = this.#proxyHeaderTimeoutMs;
    if (timeoutMs === null) return this.#beginSecured(stream, noTlvs, null);
    const { context, log } = this.#parts;
    return new ProxyHeaderWait(stream, {
      deadlines: context.proxy.deadlines,
      timeoutMs,
      trusted: context.settings.forwarding.trusted,
      takesEarlyBytes: this.#terminator !== null,
      begin: (proxied, tlvs, alreadyRead) => this.#beginSecured(proxied, tlvs, alreadyRead),
      onReplaced: (wait, connection) => this.#parts.onReplaced(wait, connection),
      onRefused: (wait, peerAddress, fault) => {
        if (fault !== null) {
          const { name } = context.settings;
          log.debug("PROXY header refused", { listener: name, peer: peerAddress, reason: fault });
          context.onRefused("bad-proxy-header", 400, peerAddress, 0);
        }
        context.onConnectionClosed(wait);
      },
    });
  }

  /** One connection too many: HTTP is told so, a stream is cut. */
  refuse(stream: ByteStream, isClientsFault: boolean): void {
    const cause = isClientsFault ? "over-client-limit" : "over-connection-limit";
    if (this.#isHttp) refuseConnection(stream, this.#parts.context, cause);
    else stream.reset();
  }

  #beginSecured(stream: ByteStream, tlvs: readonly ProxyTlv[], alreadyRead: Buffer | null): ServerConnection {
    if (this.#terminator === null) return this.#beginProper(stream, tlvs, null);
    const { context, log } = this.#parts;
    return new TlsHandshake(stream, alreadyRead, {
      terminator: this.#terminator,
      begin: (secured, tls) => {
        this.#parts.onSecured(tls.isResumed);
        return this.#beginProper(secured, tlvs, tls);
      },
      onReplaced: (handshake, connection) => this.#parts.onReplaced(handshake, connection),
      onFailed: (handshake, peerAddress, reason) => {
        if (reason !== null) {
          this.#parts.onHandshakeFailed();
          if (log.isDebug)
            log.debug("TLS handshake failed", { listener: context.settings.name, peer: peerAddress, reason });
        }
        context.onConnectionClosed(handshake);
      },
    });
  }

  /** A client that began with HTTP/2 on a plain connection. */
  continueAsHttp2(waiting: ServerConnection, stream: ByteStream, alreadyRead: Buffer): void {
    const connection = new Http2ServerConnection(stream, this.#parts.context, null);
    this.#parts.onReplaced(waiting, connection);
    connection.start(alreadyRead);
  }

  #beginHttp(stream: ByteStream, tls: TlsFacts | null): ServerConnection {
    const { context } = this.#parts;
    if (tls?.alpn === "h2") return new Http2ServerConnection(stream, context, tls);
    return new Http1ServerConnection(stream, context, tls);
  }

  #beginProper(stream: ByteStream, tlvs: readonly ProxyTlv[], tls: TlsFacts | null): ServerConnection {
    if (this.#isHttp) return this.#beginHttp(stream, tls);
    return new TcpRelay(stream, tlvs, this.#parts.streams);
  }
}
