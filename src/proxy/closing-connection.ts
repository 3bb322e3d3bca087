/**
 * The end of an HTTP/1 connection that was given its last answer: the sending side is closed, and what the client
 * still sends is read and thrown away, so that the answer is not lost to a reset (RFC 9112 §9.6). It takes the
 * stream over for good; that the stream is closed, and that there was no more time, it passes on.
 */
import type { Deadline, Deadlines } from "../core/deadlines.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import { Linger } from "./linger.ts";

/** The connection, as its end sees it. */
export interface ClosingOwner {
  /** The client has had all the time it gets: what it has not read by now is lost. */
  onLingered(): void;
  onClosed(errorCode: string | null): void;
}

export class ClosingConnection implements StreamHandler {
  readonly #owner: ClosingOwner;
  readonly #stream: ByteStream;
  readonly #deadlines: Deadlines;
  /** The connection's own. */
  readonly #deadline: Deadline;
  /** Null until the client has read all of the answer: only from then on its time counts. */
  #linger: Linger | null = null;

  /** `silenceMs`: how long the client may take to read any of what waits for it. */
  constructor(
    owner: ClosingOwner,
    stream: ByteStream,
    deadlines: Deadlines,
    deadline: Deadline,
    silenceMs: number,
  ) {
    this.#owner = owner;
    this.#stream = stream;
    this.#deadlines = deadlines;
    this.#deadline = deadline;
    stream.handler = this;
    deadline.set(silenceMs);
  }

  /** Closes the sending side and reads on, unless the client has ended its own. */
  linger(hasClientEnded: boolean): void {
    this.#took(0);
    this.#stream.end();
    if (hasClientEnded) this.onEnd();
    else this.#stream.resume();
  }

  onData(_buffer: Buffer, length: number): void {
    this.#took(length);
  }

  /** Nobody sends any more; what still waits to be sent may go, and the stream then closes by itself. */
  onEnd(): void {
    if (this.#stream.writeBacklog === 0) this.#stream.close();
  }

  onDrain(): void {
    this.#took(0);
  }

  onClosed(errorCode: string | null): void {
    this.#owner.onClosed(errorCode);
  }

  #took(bytes: number): void {
    if (this.#stream.writeBacklog > 0) return;
    const nowMs = this.#deadlines.baseMs();
    const waitMs = (this.#linger ??= new Linger(nowMs)).waitMs(bytes, nowMs);
    if (waitMs === 0) this.#owner.onLingered();
    else this.#deadline.set(waitMs);
  }
}
