/**
 * Reads one message body off a stream of buffers, whatever its framing. Hands out spans, keeps
 * count, and says when the body is complete; what comes behind it belongs to the next message.
 */
import { ChunkedDecoder, type ChunkSink } from "./chunked.ts";
import type { BodyFraming } from "./framing.ts";

export class BodyReader {
  #kind: BodyFraming["kind"] = "none";
  #remaining = 0;
  #chunked: ChunkedDecoder | null = null;
  /** Body bytes handed out so far, framing not counted. */
  bytesRead = 0;

  /** Begins a body. One reader serves a connection's messages one after another. */
  begin(framing: BodyFraming, trailerBytesMax: number): void {
    this.#kind = framing.kind === "length" && framing.bytes === 0 ? "none" : framing.kind;
    this.#remaining = framing.kind === "length" ? framing.bytes : 0;
    this.#chunked = framing.kind === "chunked" ? new ChunkedDecoder(trailerBytesMax) : null;
    this.bytesRead = 0;
  }

  get isComplete(): boolean {
    switch (this.#kind) {
      case "none":
        return true;
      case "length":
        return this.#remaining === 0;
      case "chunked":
        return this.#chunked?.isDone === true;
      case "until-close":
        return false;
    }
  }

  get isBroken(): boolean {
    return this.#chunked?.isBroken === true;
  }

  get isUntilClose(): boolean {
    return this.#kind === "until-close";
  }

  get trailers(): string {
    return this.#chunked?.trailers ?? "";
  }

  /** Consumes body bytes of `bytes[start, end)`; returns where the body (or the buffer) ended. */
  read(bytes: Buffer, start: number, end: number, sink: ChunkSink): number {
    if (this.#kind === "none") return start;
    if (this.#chunked !== null) return this.#chunked.decode(bytes, start, end, sink);
    const stop = this.#kind === "length" ? Math.min(end, start + this.#remaining) : end;
    this.#remaining -= stop - start;
    this.bytesRead += stop - start;
    if (stop > start) sink.onBody(bytes, start, stop);
    return stop;
  }
}
