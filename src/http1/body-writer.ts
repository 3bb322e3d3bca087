/**
 * Writes one message: head, body in its framing, trailers. Holds the head and small pieces back
 * as text so that they leave in one write; larger spans go out without being copied.
 */
import { latin1 } from "../core/latin1.ts";
import type { BodyFraming } from "./framing.ts";

/** The part of a byte stream that a message needs. */
interface ByteSink {
  writeText(text: string): void;
  writeBytes(bytes: Uint8Array): boolean;
}

/** Whoever lends the bytes being written. */
interface BorrowedFrom {
  readonly isReadBufferShared: boolean;
  replaceReadBuffer(): void;
}

/** Up to here a span is cheaper to write as text together with what is held back. */
const textSpanMax = 4096;
/** The same for a span that would have to be copied anyway. */
const sharedTextSpanMax = 16 * 1024;
/** What is held back is let go before it grows beyond this. */
const heldMax = 16 * 1024;

export class BodyWriter {
  readonly #stream: ByteSink;
  #held = "";
  #kind: BodyFraming["kind"] = "none";

  constructor(stream: ByteSink) {
    this.#stream = stream;
  }

  /** Begins a message; `head` ends with its empty line. */
  begin(head: string, kind: BodyFraming["kind"]): void {
    this.#held += head;
    this.#kind = kind;
  }

  /** `bytes[start, end)` is body. With kind "none" it is dropped. */
  write(source: BorrowedFrom, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0 || this.#kind === "none") return;
    const isChunked = this.#kind === "chunked";
    if (isChunked) this.#held += `${length.toString(16)}\r\n`;
    if (length <= (source.isReadBufferShared ? sharedTextSpanMax : textSpanMax)) {
      this.#held += latin1(bytes, start, end);
    } else {
      this.flush();
      this.#writeSpan(source, bytes, start, end);
    }
    if (isChunked) this.#held += "\r\n";
    if (this.#held.length > heldMax) this.flush();
  }

  #writeSpan(source: BorrowedFrom, bytes: Buffer, start: number, end: number): void {
    // A shared buffer is overwritten by the next read of any stream, so what the kernel does not
    // take at once would be lost: copy. A private one is simply left to the write.
    if (source.isReadBufferShared) this.#stream.writeBytes(Buffer.from(bytes.subarray(start, end)));
    else if (!this.#stream.writeBytes(bytes.subarray(start, end))) source.replaceReadBuffer();
  }

  /** Ends the message; `trailers` are field lines, used only by the chunked coding. */
  end(trailers: string): void {
    if (this.#kind === "chunked") this.#held += `0\r\n${trailers}\r\n`;
    this.#kind = "none";
    this.flush();
  }

  flush(): void {
    if (this.#held === "") return;
    const text = this.#held;
    this.#held = "";
    this.#stream.writeText(text);
  }
}
