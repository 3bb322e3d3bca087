/**
 * A fresh connection on a listener that requires the PROXY protocol: it is nobody's until its header is
 * complete, then its stream goes on under the ends that the header told. Peers that are not trusted to
 * tell are turned away; nothing is ever guessed.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { Seat, ServerConnection } from "./listener.ts";
import { ProxiedStream } from "./proxied-stream.ts";
import { type ProxyTlv, proxyHeaderBytesMax, readProxyHeader } from "./proxy-protocol.ts";

export interface ProxyHeaderWaitParts {
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
  readonly trusted: { contains(address: string): boolean };
  /**
   * Makes the connection proper; it takes over the stream's handler and this one's place. `alreadyRead` is
   * what came in behind the header, where `takesEarlyBytes` says so; the stream's handler is given it else.
   */
  begin(stream: ByteStream, tlvs: readonly ProxyTlv[], alreadyRead: Buffer | null): ServerConnection;
  readonly takesEarlyBytes: boolean;
  /** It goes on as `connection`. */
  onReplaced(wait: ProxyHeaderWait, connection: ServerConnection): void;
  /** It ended before its header; `fault` is null when the client left without a word. */
  onRefused(wait: ProxyHeaderWait, peerAddress: string, fault: string | null): void;
}

export class ProxyHeaderWait implements ServerConnection, StreamHandler {
  seat: Seat | null = null;
  readonly #stream: ByteStream;
  readonly #parts: ProxyHeaderWaitParts;
  readonly #deadline: Deadline;
  readonly #peerAddress: string;
  #held: Buffer | null = null;
  #isOver = false;

  constructor(stream: ByteStream, parts: ProxyHeaderWaitParts) {
    this.#stream = stream;
    this.#parts = parts;
    this.#peerAddress = stream.remoteAddress;
    this.#deadline = new Deadline(parts.deadlines, () => this.#refuse("it did not come in time"));
    this.#deadline.set(parts.timeoutMs);
    stream.handler = this;
    // Not within this call: the listener does not know the connection yet.
    if (!parts.trusted.contains(stream.remoteAddress))
      queueMicrotask(() => this.#refuse("the peer is not trusted"));
  }

  /** Nothing has begun that could be finished. */
  drain(): void {
    if (this.#held === null) this.terminate();
  }

  terminate(): void {
    this.#refuse(null);
  }

  onData(buffer: Buffer, length: number): void {
    const heldBytes = this.#held?.length ?? 0;
    const more = buffer.subarray(0, length);
    const all = this.#held === null ? more : Buffer.concat([this.#held, more]);
    const reading = readProxyHeader(all, Math.min(all.length, proxyHeaderBytesMax));
    if (reading.kind === "refused") return this.#refuse(reading.fault);
    if (reading.kind === "incomplete") {
      this.#held = this.#held === null ? Buffer.from(more) : all;
      return;
    }
    const { header, byteCount } = reading;
    const stream = header.ends === null ? this.#stream : new ProxiedStream(this.#stream, header.ends);
    this.#isOver = true;
    this.#deadline.dispose();
    // What came behind the header lies in the lent buffer still, at the end of this read.
    const rest = buffer.subarray(byteCount - heldBytes, length);
    const { takesEarlyBytes } = this.#parts;
    const alreadyRead = takesEarlyBytes && rest.length > 0 ? Buffer.from(rest) : null;
    const connection = this.#parts.begin(stream, header.tlvs, alreadyRead);
    this.#parts.onReplaced(this, connection);
    if (!takesEarlyBytes && rest.length > 0) this.#stream.handler.onData(rest, rest.length);
  }

  onEnd(): void {
    this.#refuse(this.#held === null ? null : "the client left in the middle of it");
  }

  onDrain(): void {}

  onClosed(): void {
    this.#finish(null);
  }

  #refuse(fault: string | null): void {
    if (this.#isOver) return;
    this.#finish(fault);
    this.#stream.destroy();
  }

  #finish(fault: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline.dispose();
    this.#parts.onRefused(this, this.#peerAddress, fault);
  }
}
