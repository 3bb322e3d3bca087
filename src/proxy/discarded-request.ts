/**
 * What an HTTP/2 client still sends of a request that has been answered: read and thrown away, as over HTTP/1.1.
 * Clients take a reset in the middle of an upload for a failure, even one with NO_ERROR (RFC 9113 §8.1), and lose
 * the answer. Those that go on for too long are asked to stop all the same.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import { ErrorCode } from "../http2/frames.ts";
import type { ByteSource, Http2Stream, Http2StreamHandler } from "../http2/stream.ts";
import { Linger } from "./linger.ts";

export class DiscardedRequest implements Http2StreamHandler {
  readonly #stream: Http2Stream;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline;
  readonly #linger: Linger;

  constructor(stream: Http2Stream, deadlines: Deadlines) {
    this.#stream = stream;
    this.#deadlines = deadlines;
    this.#linger = new Linger(deadlines.baseMs());
    this.#deadline = new Deadline(deadlines, () => this.#stop());
  }

  /** Takes over the stream, which was given the whole answer. */
  begin(): void {
    this.#stream.handler = this;
    this.#took(0);
    this.#stream.resume();
  }

  onHeaders(): void {}

  onHeadersTooLarge(): void {}

  onData(_source: ByteSource, _bytes: Buffer, start: number, end: number): void {
    this.#took(end - start);
  }

  /** curl 7.88 ends its upload and notices only with the next frame that the answer is complete: let one come. */
  onEnd(): void {
    this.#deadline.dispose();
    this.#stream.ping();
  }

  onFlush(): void {}

  onDrain(): void {}

  onReset(): void {
    this.#deadline.dispose();
  }

  #took(bytes: number): void {
    const waitMs = this.#linger.waitMs(bytes, this.#deadlines.baseMs());
    if (waitMs === 0) this.#stop();
    else this.#deadline.set(waitMs);
  }

  /** An answer that the client has not taken in all that time is broken off. */
  #stop(): void {
    this.#deadline.dispose();
    this.#stream.reset(this.#stream.backlog > 0 ? ErrorCode.internal : ErrorCode.none);
  }
}
