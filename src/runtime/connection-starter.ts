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
import { TlsHandshake, type TlsHandshakeParts } from "../listener/tls-handshake.ts";
import { BoundedWarnings } from "../observability/bounded-warnings.ts";
import { Http1ServerConnection } from "../proxy/http1-server-connection.ts";
import { Http2ServerConnection } from "../proxy/http2-server-connection.ts";
import type { ListenerContext } from "../proxy/listener-context.ts";
import { refuseConnection } from "../proxy/refused-head.ts";
import { RefusedStream } from "../stream/refused-stream.ts";
import { isLetIn, plainAddress, type StreamContext } from "../stream/stream-context.ts";
import { TcpRelay } from "../stream/tcp-relay.ts";
import type { AcmeChallenges } from "./acme-challenges.ts";
import { AcmeValidated } from "./acme-validated.ts";
import { AcmeWait } from "./acme-wait.ts";
import { WantedNames } from "./acme-wanted-names.ts";
import { streamSettings } from "./stream-settings.ts";

const helloTimeoutMs = 10_000;
const noTlvs: readonly ProxyTlv[] = [];

export interface ConnectionStarterParts {
  readonly context: ListenerContext;
  readonly streams: StreamContext;
  readonly log: Log;
  createTlsTerminator(): TlsTerminator;
  readonly challenges: AcmeChallenges;
  /** A client asked for a name that has no certificate yet and may get one. */
  onNameWanted(serverName: string): void;
  /** A handshake ended well. */
  onSecured(isResumed: boolean): void;
  /** A handshake failed, whoever's fault it was. */
  onHandshakeFailed(): void;
  onReplaced(waiting: ServerConnection, connection: ServerConnection): void;
}

export class ConnectionStarter {
  readonly #parts: ConnectionStarterParts;
  readonly #warnings: BoundedWarnings;
  /** Null while the listener is plain. */
  #terminator: TlsTerminator | null = null;
  /** For its handshakes, where no PROXY header brought anything to remember. */
  #handshakeParts: TlsHandshakeParts | null = null;

  readonly #wanted: WantedNames;

  #isHttp = true;
  /** Null where no header is expected. */
  #proxyHeaderTimeoutMs: number | null = null;

  constructor(config: ListenerConfig, parts: ConnectionStarterParts) {
    this.#parts = parts;
    this.#warnings = new BoundedWarnings(parts.log, parts.context.proxy.clock);
    this.#wanted = new WantedNames((name) => parts.onNameWanted(name));
    this.update(config);
  }

  /** For connections that come later. */
  update(config: ListenerConfig): void {
    const { protocol, proxyProtocol, timeouts } = config;
    this.#isHttp = protocol === "http";
    this.#proxyHeaderTimeoutMs = proxyProtocol === "required" ? timeouts.proxyHeader : null;
    this.#parts.streams.settings = streamSettings(config);
    this.#wanted.allow(config.tls?.onDemand?.allow ?? []);
  }

  /** For connections that come later. Throws when a certificate cannot be used. */
  useTls(settings: ServerTlsSettings | null): void {
    if (settings === null) {
      this.#terminator = null;
      this.#handshakeParts = null;
      return;
    }
    const terminator = this.#terminator ?? this.#parts.createTlsTerminator();
    terminator.update(settings);
    this.#terminator = terminator;
    this.#handshakeParts = this.#partsFor(terminator, (secured, facts) =>
      this.#beginProper(secured, noTlvs, facts),
    );
    this.#wanted.have(settings.identities.flatMap(({ names }) => names));
  }

  begin(stream: ByteStream): ServerConnection {
    const timeoutMs = this.#proxyHeaderTimeoutMs;
    if (timeoutMs === null) return this.#beginSecured(stream, noTlvs, null);
    const { context } = this.#parts;
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
          this.#warnings.warn("PROXY header refused", { listener: name, peer: peerAddress, reason: fault });
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
    if (!this.#isHttp && !isLetIn(this.#parts.streams, plainAddress(stream.remoteAddress)))
      return new RefusedStream(stream, (refused) => this.#parts.context.onConnectionClosed(refused));
    const terminator = this.#terminator;
    if (terminator === null) return this.#beginProper(stream, tlvs, null);
    if (this.#parts.challenges.hasTls) return this.#lookFirst(stream, tlvs, alreadyRead);
    return new TlsHandshake(stream, alreadyRead, this.#properParts(terminator, tlvs));
  }

  #properParts(terminator: TlsTerminator, tlvs: readonly ProxyTlv[]): TlsHandshakeParts {
    if (tlvs.length === 0 && this.#handshakeParts !== null) return this.#handshakeParts;
    return this.#partsFor(terminator, (secured, tls) => this.#beginProper(secured, tlvs, tls));
  }

  #partsFor(
    terminator: TlsTerminator,
    begin: (secured: ByteStream, tls: TlsFacts) => ServerConnection,
  ): TlsHandshakeParts {
    const { context, log } = this.#parts;
    return {
      terminator,
      begin: (secured, tls) => {
        this.#parts.onSecured(tls.isResumed);
        this.#wanted.asked(tls);
        return begin(secured, tls);
      },
      onReplaced: (handshake, connection) => this.#parts.onReplaced(handshake, connection),
      onFailed: (handshake, peerAddress, reason, serverName) => {
        if (reason !== null) {
          this.#parts.onHandshakeFailed();
          this.#wanted.asked({ serverName });
          const fields = { listener: context.settings.name, peer: peerAddress, reason };
          // Whoever runs the listener wants to know of these; of what else fails, scanners make the most.
          if (reason.startsWith("client-certificate-"))
            this.#warnings.warn("client certificate refused", fields);
          else if (log.isDebug) log.debug("TLS handshake failed", fields);
        }
        context.onConnectionClosed(handshake);
      },
    };
  }

  /** An authority may be validating a name over this connection. */
  #lookFirst(stream: ByteStream, tlvs: readonly ProxyTlv[], alreadyRead: Buffer | null): ServerConnection {
    const { context, challenges } = this.#parts;
    return new AcmeWait(stream, alreadyRead, {
      deadlines: context.proxy.deadlines,
      timeoutMs: helloTimeoutMs,
      begin: (hello, held) => {
        const proof = hello === null ? null : challenges.terminatorFor(hello.serverName, hello.alpn);
        if (proof !== null)
          return new TlsHandshake(
            stream,
            held,
            this.#partsFor(
              proof,
              (secured) => new AcmeValidated(secured, (connection) => context.onConnectionClosed(connection)),
            ),
          );
        const terminator = this.#terminator;
        if (terminator === null) return this.#beginProper(stream, tlvs, null);
        return new TlsHandshake(stream, held, this.#properParts(terminator, tlvs));
      },
      onReplaced: (wait, connection) => this.#parts.onReplaced(wait, connection),
      onGone: (wait) => context.onConnectionClosed(wait),
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
    return new TcpRelay(stream, tlvs, tls, this.#parts.streams);
  }
}
