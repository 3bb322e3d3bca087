/**
 * A fresh TLS connection while names are being validated: its ClientHello is looked at before the handshake,
 * because only the authority's own may be shown the proof. It goes on with everything it has read.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { Seat, ServerConnection } from "../listener/listener.ts";
import { type ClientHello, readClientHello } from "../stream/client-hello.ts";

export interface AcmeWaitParts {
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
  /** `hello` is null when the client sent none that can be read: the handshake will say so. */
  begin(hello: ClientHello | null, alreadyRead: Buffer | null): ServerConnection;
  onReplaced(wait: AcmeWait, connection: ServerConnection): void;
  /** It ended before its hello. */
  onGone(wait: AcmeWait): void;
}

export class AcmeWait implements ServerConnection, StreamHandler {
  seat: Seat | null = null;
  readonly #stream: ByteStream;
  readonly #parts: AcmeWaitParts;
  readonly #deadline: Deadline;
  #held = Buffer.alloc(0);
  #isOver = false;

  constructor(stream: ByteStream, alreadyRead: Buffer | null, parts: AcmeWaitParts) {
    this.#stream = stream;
    this.#parts = parts;
    this.#deadline = new Deadline(parts.deadlines, () => this.#goOn(null));
    this.#deadline.set(parts.timeoutMs);
    stream.handler = this;
    // Not within this call: the listener does not know the connection yet.
    if (alreadyRead !== null) queueMicrotask(() => this.onData(alreadyRead, alreadyRead.length));
  }

  drain(): void {}

  terminate(): void {
    if (this.#isOver) return;
    this.#gone();
    this.#stream.destroy();
  }

  onData(buffer: Buffer, length: number): void {
    if (this.#isOver) return;
    this.#held = Buffer.concat([this.#held, buffer.subarray(0, length)]);
    const reading = readClientHello(this.#held, this.#held.length);
    if (reading.kind === "incomplete") return;
    this.#goOn(reading.kind === "complete" ? reading.hello : null);
  }

  onEnd(): void {
    this.terminate();
  }

  onDrain(): void {}

  onClosed(): void {
    this.#gone();
  }

  #goOn(hello: ClientHello | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline.dispose();
    const connection = this.#parts.begin(hello, this.#held.length === 0 ? null : this.#held);
    this.#parts.onReplaced(this, connection);
  }

  #gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline.dispose();
    this.#parts.onGone(this);
  }
}
