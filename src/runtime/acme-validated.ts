/** A connection over which an authority has seen the proof: it is over (RFC 8737 §3), nothing is served on it. */
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { Seat, ServerConnection } from "../listener/listener.ts";

export class AcmeValidated implements ServerConnection, StreamHandler {
  seat: Seat | null = null;
  readonly #stream: ByteStream;
  readonly #onGone: (connection: AcmeValidated) => void;

  constructor(stream: ByteStream, onGone: (connection: AcmeValidated) => void) {
    this.#stream = stream;
    this.#onGone = onGone;
    stream.handler = this;
    // Not within this call: the listener does not know the connection yet.
    queueMicrotask(() => stream.close());
  }

  drain(): void {}

  terminate(): void {
    this.#stream.destroy();
  }

  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}

  onClosed(): void {
    this.#onGone(this);
  }
}
