/** Keeps hold of every stream that a proxy under test opens, so that backlogs and leaks can be seen. */
import type { Acceptor, ByteStream, Dialer, StreamHandler } from "../../src/core/transport.ts";
import type { Transport } from "./transports.ts";

export class StreamLog {
  /** Clients' connections in the order of their acceptance. */
  readonly accepted: ByteStream[] = [];
  /** Connections to endpoints in the order in which they were established. */
  readonly dialled: ByteStream[] = [];
  openCount = 0;

  /** Counts the stream until it is closed, whoever its handler is by then. */
  watch(stream: ByteStream): void {
    this.openCount++;
    let handler = stream.handler;
    const closed = (): void => void this.openCount--;
    Object.defineProperty(stream, "handler", {
      get: () => handler,
      set: (next: StreamHandler) => {
        handler = withClosed(next, closed);
      },
    });
    stream.handler = handler;
  }
}

/** The same handler, but `closed` is called before it hears that the stream is gone. */
function withClosed(handler: StreamHandler, closed: () => void): StreamHandler {
  return {
    onData: (buffer, length) => handler.onData(buffer, length),
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
      dial: (target, tls, handler) =>
        transport.dialer.dial(target, tls, {
          onConnected(stream) {
            log.watch(stream);
            log.dialled.push(stream);
            handler.onConnected(stream);
          },
          onDialFailed: (errorCode) => handler.onDialFailed(errorCode),
        }),
    },
  };
}
