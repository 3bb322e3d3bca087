/**
 * Finds request heads in a connection's bytes: gathers pieces, skips the empty lines a client may send
 * before its request line (RFC 9112 §2.2), and judges early what can never become a head.
 */
import type { Cause } from "../core/errors.ts";
import { latin1 } from "../core/latin1.ts";
import { faultInPartialHead, type HeadLimits, type RequestHead, RequestHeadParser } from "./request-head.ts";

/** What an HTTP/2 client begins with, as far as it looks like a request. */
export const http2PrefaceHead = "PRI * HTTP/2.0\r\n\r\n";

const leadingLinesMax = 4;
/** Heads are looked for in a first window of this size, so that a long pipeline is not copied over and over. */
const usualHeadBytes = 2048;
/** A head that trickles in is judged up to here and at its limit, not at every byte. */
const judgedHeadBytes = 256;

export class HeadReader {
  /** The head that `read` completed; null if it did not. */
  head: RequestHead | null = null;
  /** Why the bytes cannot be served; null while they can. */
  fault: Cause | null = null;
  /** The fault is that HTTP/2 is spoken: `read` stopped behind the head of its preface (RFC 9113 §3.4). */
  isHttp2 = false;
  #partial = "";
  readonly #limits: HeadLimits;
  readonly #parser: RequestHeadParser;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#parser = new RequestHeadParser(limits);
  }

  /** A request has begun: some of its head has arrived, beyond empty lines. */
  get hasBegun(): boolean {
    return this.#partial !== "" && !/^[\r\n]*$/.test(this.#partial);
  }

  get isEmpty(): boolean {
    return this.#partial === "";
  }

  /** Looks at `buffer[start, end)`; sets `head` or `fault` and returns where it stopped. */
  read(buffer: Buffer, start: number, end: number): number {
    const { headBytesMax } = this.#limits;
    const carried = this.#partial.length;
    const windowEnd = Math.min(end, start + headBytesMax + leadingLinesMax * 2 + 4 - carried);
    let text = this.#partial + latin1(buffer, start, Math.min(windowEnd, start + usualHeadBytes));
    this.head = null;
    let headStart = 0;
    while (text.startsWith("\r\n", headStart)) headStart += 2;
    if (headStart > leadingLinesMax * 2) return this.#refuse("bad-request-line", end);
    let emptyLine = text.indexOf("\r\n\r\n", Math.max(headStart, carried - 3));
    if (emptyLine < 0 && windowEnd > start + usualHeadBytes) {
      text = this.#partial + latin1(buffer, start, windowEnd);
      emptyLine = text.indexOf("\r\n\r\n", Math.max(headStart, carried - 3));
    }
    if (emptyLine < 0) {
      this.#keep(text, headStart, carried);
      return end;
    }
    this.#partial = "";
    const headEnd = emptyLine + 4;
    if (headEnd - headStart > headBytesMax) return this.#refuse("head-too-large", end);
    const head = this.#parser.parse(text, headStart, headEnd);
    if (typeof head === "string") {
      this.isHttp2 = headStart === 0 && text.startsWith(http2PrefaceHead);
      return this.#refuse(head, this.isHttp2 ? start + headEnd - carried : end);
    }
    this.head = head;
    return start + headEnd - carried;
  }

  /** Lets go of what was gathered. */
  clear(): void {
    this.#partial = "";
  }

  #keep(text: string, headStart: number, carried: number): void {
    this.#partial = text;
    const head = text.slice(headStart);
    if (head === "" || head === "\r") return;
    const isWorthJudging = carried < judgedHeadBytes || head.length > this.#limits.headBytesMax;
    if (isWorthJudging) this.fault = faultInPartialHead(head, this.#limits);
  }

  #refuse(cause: Cause, end: number): number {
    this.fault = cause;
    return end;
  }
}
