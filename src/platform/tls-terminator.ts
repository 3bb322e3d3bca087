/**
 * TLS for accepted streams: what is shown to clients whose handshakes begin now, how many of them may be under
 * way, and who drives them: the native handle where it is to be had, or a public socket.
 */
import type net from "node:net";
import { Deadlines } from "../core/deadlines.ts";
import type {
  ServerTlsSettings,
  TlsHandshakeHandler,
  TlsHandshakeInWork,
  TlsTerminator,
} from "../core/tls.ts";
import type { ByteStream } from "../core/transport.ts";
import { systemClock } from "./clock.ts";
import { silentHandler } from "./dialer.ts";
import { NativeHandshake } from "./native-handshake.ts";
import { NativeStream } from "./native-stream.ts";
import type { NativeStreams } from "./native-streams.ts";
import { SocketStream } from "./socket-stream.ts";
import { SocketHandshake } from "./socket-handshake.ts";
import { TlsChoice } from "./tls-choice.ts";
import { TicketKeys } from "./tls-context.ts";
import type { TlsHandshakeParts } from "./tls-handshake-parts.ts";

/** `native` is null to use the public API only. */
export function createTlsTerminator(native: NativeStreams | null): TlsTerminator {
  return new Terminator(native);
}

/** Throws what OpenSSL says when settings cannot be used. */
export function tryOutTls(settings: ServerTlsSettings): void {
  void new TlsChoice(settings, new TicketKeys(), true);
}

/** Replaced whole by an update. */
interface Offer extends TlsHandshakeParts {
  /** What the contexts were made of. */
  readonly text: string;
}

const nothingInWork: TlsHandshakeInWork = { giveUp() {} };

class Terminator implements TlsTerminator {
  readonly #native: NativeStreams | null;
  readonly #tickets = new TicketKeys();
  readonly #deadlines = new Deadlines(systemClock);
  readonly #onOver = (): void => {
    this.#handshakes--;
  };
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
    choice.useNewestKey(settings.ticketKeys[0]);
    this.#offer = { settings, text, choice, onOver: this.#onOver };
  }

  secure(stream: ByteStream, alreadyRead: Buffer | null, handler: TlsHandshakeHandler): TlsHandshakeInWork {
    const offer = this.#offer;
    const isRefused = offer === null || this.#handshakes >= offer.settings.handshakesMax;
    if (isRefused) {
      stream.handler = silentHandler;
      stream.destroy();
    }
    const handshake = isRefused ? null : this.#begin(stream, alreadyRead, offer, handler);
    if (handshake === null) {
      setImmediate(() => handler.onHandshakeFailed(isRefused ? "too-many-handshakes" : "ECONNRESET", ""));
      return nothingInWork;
    }
    this.#handshakes++;
    return handshake;
  }

  /** Null when the stream was closed already. */
  #begin(
    stream: ByteStream,
    alreadyRead: Buffer | null,
    parts: TlsHandshakeParts,
    handler: TlsHandshakeHandler,
  ): TlsHandshakeInWork | null {
    const native = this.#native;
    const wrap = native?.handles.wrapServerTls ?? null;
    if (native !== null && wrap !== null && stream instanceof NativeStream) {
      if (!stream.isReadable) return null;
      const handshake = new NativeHandshake(native, wrap, stream, this.#deadlines, parts, handler);
      handshake.start(alreadyRead);
      return handshake;
    }
    const raw = socketOf(stream);
    if (raw === null) return null;
    // The TLS engine takes what is in the socket's buffer before it reads on.
    if (alreadyRead !== null && alreadyRead.length > 0) raw.unshift(alreadyRead);
    return new SocketHandshake(native, raw, parts, handler);
  }
}

function socketOf(stream: ByteStream): net.Socket | null {
  if (stream instanceof SocketStream) return stream.release();
  return stream instanceof NativeStream ? stream.releaseSocket() : null;
}
