/** A connection of a client that is not let in: it is cut, and nothing that it sends is looked at. */
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { Seat, ServerConnection } from "../listener/listener.ts";

export class RefusedStream implements ServerConnection, StreamHandler {
  seat: Seat | null = null;
  readonly #stream: ByteStream;
  readonly #onClosed: (connection: ServerConnection) => void;

  constructor(stream: ByteStream, onClosed: (connection: ServerConnection) => void) {
    this.#stream = stream;
    this.#onClosed = onClosed;
    stream.handler = this;
    // Not within this call: the listener does not know the connection yet.
    queueMicrotask(() => stream.reset());
  }

  drain(): void {}

  terminate(): void {
    this.#stream.reset();
  }

  onData(): void {}

  onEnd(): void {}

  onDrain(): void {}

  onClosed(): void {
    this.#onClosed(this);
  }
}
