/**
 * A connection whose TLS handshake is under way: it holds its place at the listener and becomes what the
 * handshake agrees on. What that is, others decide.
 */
import type { TlsFacts, TlsHandshakeHandler, TlsHandshakeInWork, TlsTerminator } from "../core/tls.ts";
import type { ByteStream } from "../core/transport.ts";
import type { Seat, ServerConnection } from "./listener.ts";
import { ProxiedStream } from "./proxied-stream.ts";

/** The same for all handshakes that come to the same. */
export interface TlsHandshakeParts {
  readonly terminator: TlsTerminator;
  /** Makes the connection proper; it takes over the stream's handler and this one's place. */
  begin(stream: ByteStream, tls: TlsFacts): ServerConnection;
  /** It goes on as `connection`. */
  onReplaced(handshake: TlsHandshake, connection: ServerConnection): void;
  /** The connection is gone; `reason` is null when it was called off here, `serverName` "" when none was asked for. */
  onFailed(handshake: TlsHandshake, peerAddress: string, reason: string | null, serverName: string): void;
}

export class TlsHandshake implements ServerConnection, TlsHandshakeHandler {
  seat: Seat | null = null;
  readonly #parts: TlsHandshakeParts;
  readonly #peerAddress: string;
  /** Told by a proxy in front; they hold for the encrypted stream as well. */
  readonly #proxied: ProxiedStream | null;
  readonly #inWork: TlsHandshakeInWork;
  #isOver = false;

  /** `alreadyRead` came in behind whatever was read before the handshake. */
  constructor(stream: ByteStream, alreadyRead: Buffer | null, parts: TlsHandshakeParts) {
    this.#parts = parts;
    this.#peerAddress = stream.remoteAddress;
    this.#proxied = stream instanceof ProxiedStream ? stream : null;
    this.#inWork = parts.terminator.secure(this.#proxied?.inner ?? stream, alreadyRead, this);
  }

  /** It goes on: who has come this far is served, and the handshake has a time limit of its own. */
  drain(): void {}

  terminate(): void {
    if (this.#isOver) return;
    this.#inWork.giveUp();
    this.#failed(null, "");
  }

  onSecured(stream: ByteStream, tls: TlsFacts): void {
    this.#isOver = true;
    const connection = this.#parts.begin(this.#proxied?.over(stream) ?? stream, tls);
    this.#parts.onReplaced(this, connection);
  }

  onHandshakeFailed(reason: string, serverName: string): void {
    this.#failed(reason, serverName);
  }

  #failed(reason: string | null, serverName: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.onFailed(this, this.#peerAddress, reason, serverName);
  }
}
