/**
 * A client's stream whose ends are those that the proxy in front told. Everything else is the stream's
 * own, and it costs a call more.
 */
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { ProxyEnds } from "./proxy-protocol-writer.ts";

export class ProxiedStream implements ByteStream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The stream itself. */
  readonly inner: ByteStream;
  readonly #stream: ByteStream;
  readonly #ends: ProxyEnds;

  constructor(stream: ByteStream, ends: ProxyEnds) {
    const { source, destination } = ends;
    this.inner = stream;
    this.#stream = stream;
    this.#ends = ends;
    this.remoteAddress = source.address;
    this.remotePort = source.port;
    this.localAddress = destination.address;
    this.localPort = destination.port;
  }

  /** The same ends for another stream over this one (TLS). */
  over(stream: ByteStream): ProxiedStream {
    return new ProxiedStream(stream, this.#ends);
  }

  get handler(): StreamHandler {
    return this.#stream.handler;
  }
  set handler(handler: StreamHandler) {
    this.#stream.handler = handler;
  }
  get isWriteDue(): boolean {
    return this.#stream.isWriteDue;
  }
  get writeBacklog(): number {
    return this.#stream.writeBacklog;
  }
  get isReadBufferShared(): boolean {
    return this.#stream.isReadBufferShared;
  }

  writeText(text: string): void {
    this.#stream.writeText(text);
  }
  writeBytes(bytes: Uint8Array): boolean {
    return this.#stream.writeBytes(bytes);
  }
  useBulkBuffer(isBulk: boolean): void {
    this.#stream.useBulkBuffer(isBulk);
  }
  replaceReadBuffer(): void {
    this.#stream.replaceReadBuffer();
  }
  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  end(): void {
    this.#stream.end();
  }
  close(): void {
    this.#stream.close();
  }
  destroy(): void {
    this.#stream.destroy();
  }
  reset(): void {
    this.#stream.reset();
  }
}
