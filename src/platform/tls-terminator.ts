/**
 * TLS for accepted streams. Node's TLSSocket shakes hands; then its native handle is driven directly, so
 * that encrypted connections read and write as plain ones do. Failed handshakes end here, whatever
 * the far end sends.
 */
import type net from "node:net";
import tls from "node:tls";
import type { ServerTlsSettings, TlsHandshakeHandler, TlsTerminator } from "../core/tls.ts";
import type { ByteStream } from "../core/transport.ts";
import { tlsStream } from "./dialer.ts";
import { type NativeStreams, NativeStream } from "./native-stream.ts";
import { SocketStream } from "./socket-stream.ts";
import { serverNameOf, TlsChoice } from "./tls-choice.ts";
import { TicketKeys } from "./tls-context.ts";
import { readTlsFacts, refusalOfClient } from "./tls-facts.ts";

/** `native` is null to use the public API only. */
export function createTlsTerminator(native: NativeStreams | null): TlsTerminator {
  return new Terminator(native);
}

/** Throws what OpenSSL says when settings cannot be used. */
export function tryOutTls(settings: ServerTlsSettings): void {
  void new TlsChoice(settings, new TicketKeys(), true);
}

/** Everything one handshake needs; replaced whole by an update. */
interface Offer {
  readonly settings: ServerTlsSettings;
  /** What the contexts were made of. */
  readonly text: string;
  readonly choice: TlsChoice;
}

class Terminator implements TlsTerminator {
  readonly #native: NativeStreams | null;
  readonly #tickets = new TicketKeys();
  #offer: Offer | null = null;
  #handshakes = 0;

  constructor(native: NativeStreams | null) {
    this.#native = native;
  }

  update(settings: ServerTlsSettings): void {
    // A rotation of ticket keys alone costs no new context.
    const text = JSON.stringify({ ...settings, ticketKeys: settings.ticketKeys.length > 0 });
    const choice =
      text === this.#offer?.text
        ? this.#offer.choice
        : new TlsChoice(settings, this.#tickets, this.#native !== null);
    this.#tickets.keys = settings.ticketKeys;
    this.#offer = { settings, text, choice };
  }

  secure(stream: ByteStream, alreadyRead: Buffer | null, handler: TlsHandshakeHandler): () => void {
    const raw = socketOf(stream);
    const offer = this.#offer;
    if (raw === null || offer === null || this.#handshakes >= offer.settings.handshakesMax) {
      const reason = raw === null ? "ECONNRESET" : "too-many-handshakes";
      raw?.on("error", () => {}).destroy();
      setImmediate(() => handler.onHandshakeFailed(reason, ""));
      return () => {};
    }
    // The TLS engine takes what is in the socket's buffer before it reads on.
    if (alreadyRead !== null && alreadyRead.length > 0) raw.unshift(alreadyRead);
    this.#handshakes++;
    const handshake = new Handshake(this.#native, raw, offer, handler, () => this.#handshakes--);
    return () => handshake.giveUp();
  }
}

class Handshake {
  readonly #native: NativeStreams | null;
  readonly #socket: tls.TLSSocket;
  readonly #settings: ServerTlsSettings;
  readonly #handler: TlsHandshakeHandler;
  readonly #onOver: () => void;
  #isOver = false;

  constructor(
    native: NativeStreams | null,
    raw: net.Socket,
    offer: Offer,
    handler: TlsHandshakeHandler,
    onOver: () => void,
  ) {
    this.#native = native;
    this.#settings = offer.settings;
    this.#handler = handler;
    this.#onOver = onOver;
    const socket = new tls.TLSSocket(raw, offer.choice.options);
    offer.choice.takePart(socket);
    this.#socket = socket;
    socket.setTimeout(offer.settings.handshakeTimeoutMs, () => this.#failed("handshake-timeout"));
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
    const refusal = refusalOfClient(this.#socket, this.#settings.clientCertificates?.mode ?? null);
    if (refusal !== null) return this.#failed(refusal);
    this.#end();
    this.#handler.onSecured(tlsStream(this.#native, this.#socket), readTlsFacts(this.#socket));
  }

  #failed(reason: string): void {
    if (!this.#end()) return;
    this.#socket.destroy();
    this.#handler.onHandshakeFailed(reason, serverNameOf(this.#socket));
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#socket.setTimeout(0);
    this.#onOver();
    return true;
  }
}

function socketOf(stream: ByteStream): net.Socket | null {
  if (stream instanceof SocketStream) return stream.release();
  return stream instanceof NativeStream ? stream.releaseSocket() : null;
}
