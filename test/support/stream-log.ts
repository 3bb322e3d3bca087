/** Keeps hold of every stream that a proxy under test opens, so that backlogs and leaks can be seen. */
import type { Acceptor, ByteStream, Dialer, StreamHandler } from "../../src/core/transport.ts";
import type { TlsTerminator } from "../../src/core/tls.ts";
import type { Transport } from "./transports.ts";

export class StreamLog {
  /** Clients' connections in the order of their acceptance. */
  readonly accepted: ByteStream[] = [];
  /** Connections to endpoints in the order in which they were established. */
  readonly dialled: ByteStream[] = [];
  /** What came over all of them together. */
  bytesRead = 0;
  readonly #open = new Set<ByteStream>();

  get openCount(): number {
    return this.#open.size;
  }

  /** Counts the stream until it is closed, whoever its handler is by then. */
  watch(stream: ByteStream): void {
    this.#open.add(stream);
    let handler = stream.handler;
    const closed = (): void => this.released(stream);
    const read = (bytes: number): void => void (this.bytesRead += bytes);
    Object.defineProperty(stream, "handler", {
      get: () => handler,
      set: (next: StreamHandler) => {
        handler = told(next, read, closed);
      },
    });
    stream.handler = handler;
  }

  /** It is closed, or was given away. */
  released(stream: ByteStream): void {
    this.#open.delete(stream);
  }
}

/** The same handler, but `read` is called before it hears of data, and `closed` before it hears of the end. */
function told(handler: StreamHandler, read: (bytes: number) => void, closed: () => void): StreamHandler {
  return {
    onData(buffer, length) {
      read(length);
      handler.onData(buffer, length);
    },
    onEnd: () => handler.onEnd(),
    onDrain: () => handler.onDrain(),
    onClosed(errorCode) {
      closed();
      handler.onClosed(errorCode);
    },
  };
}

export interface WatchedTransport {
  readonly log: StreamLog;
  readonly acceptor: Acceptor;
  readonly dialer: Dialer;
  readonly createTlsTerminator: () => TlsTerminator;
}

export function watchedTransport(transport: Transport): WatchedTransport {
  const log = new StreamLog();
  return {
    log,
    acceptor: {
      listen: (target, backlog, onStream) =>
        transport.acceptor.listen(target, backlog, (stream) => {
          log.watch(stream);
          log.accepted.push(stream);
          onStream(stream);
        }),
    },
    dialer: {
      dial: (target, tls, handler, preamble) =>
        transport.dialer.dial(
          target,
          tls,
          {
            onConnected(stream, alpn) {
              log.watch(stream);
              log.dialled.push(stream);
              handler.onConnected(stream, alpn);
            },
            onDialFailed: (errorCode) => handler.onDialFailed(errorCode),
          },
          preamble,
        ),
    },
    createTlsTerminator: () => watchedTerminator(transport, log),
  };
}

/** The encrypted stream takes the place of the one under it. */
function watchedTerminator(transport: Transport, log: StreamLog): TlsTerminator {
  const terminator = transport.createTlsTerminator();
  return {
    update: (settings) => terminator.update(settings),
    secure(stream, alreadyRead, handler) {
      log.released(stream);
      return terminator.secure(stream, alreadyRead, {
        onSecured(secured, facts) {
          log.watch(secured);
          log.accepted.push(secured);
          handler.onSecured(secured, facts);
        },
        onHandshakeFailed: (reason, serverName) => handler.onHandshakeFailed(reason, serverName),
      });
    },
  };
}
