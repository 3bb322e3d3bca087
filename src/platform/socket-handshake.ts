/**
 * A handshake by Node's public TLSSocket. Its native handle is driven directly afterwards, where there is one,
 * so that encrypted connections read and write as plain ones do.
 */
import type net from "node:net";
import tls from "node:tls";
import type { TlsHandshakeHandler, TlsHandshakeInWork } from "../core/tls.ts";
import { tlsStream } from "./dialer.ts";
import type { NativeStreams } from "./native-streams.ts";
import { serverNameOf } from "./tls-choice.ts";
import { failureReason, PeerFacts, refusalOfClient, SocketPeer } from "./tls-facts.ts";
import type { TlsHandshakeParts } from "./tls-handshake-parts.ts";

export class SocketHandshake implements TlsHandshakeInWork {
  readonly #native: NativeStreams | null;
  readonly #socket: tls.TLSSocket;
  readonly #parts: TlsHandshakeParts;
  readonly #handler: TlsHandshakeHandler;
  #isOver = false;

  constructor(
    native: NativeStreams | null,
    raw: net.Socket,
    parts: TlsHandshakeParts,
    handler: TlsHandshakeHandler,
  ) {
    this.#native = native;
    this.#parts = parts;
    this.#handler = handler;
    const { settings, choice } = parts;
    const socket = new tls.TLSSocket(raw, choice.options);
    choice.takePart(socket);
    this.#socket = socket;
    socket.setTimeout(settings.handshakeTimeoutMs, () => this.#failed("handshake-timeout"));
    // TLSSocket says `secure` before it hands out the first byte, so none is lost when the handle changes hands.
    socket.once("secure", () => this.#secured());
    socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error.code ?? "EUNKNOWN"));
    raw.on("error", (error: NodeJS.ErrnoException) => this.#failed(error.code ?? "EUNKNOWN"));
    // A client that says goodbye in the middle; the socket, half open as it may be, would wait for more.
    socket.once("end", () => this.#failed("ECONNRESET"));
    socket.once("close", () => this.#failed("ECONNRESET"));
  }

  giveUp(): void {
    if (this.#end()) this.#socket.destroy();
  }

  #secured(): void {
    if (this.#isOver) return;
    const { settings } = this.#parts;
    const mode = settings.clientCertificates?.mode ?? null;
    const peer = new SocketPeer(this.#socket, mode !== null);
    const refusal = refusalOfClient(peer, mode);
    if (refusal !== null) return this.#failed(refusal);
    this.#end();
    this.#handler.onSecured(tlsStream(this.#native, this.#socket), new PeerFacts(peer));
  }

  #failed(reason: string): void {
    if (!this.#end()) return;
    this.#socket.destroy();
    this.#handler.onHandshakeFailed(failureReason(reason), serverNameOf(this.#socket));
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#socket.setTimeout(0);
    this.#parts.onOver();
    return true;
  }
}
