/**
 * ByteStream over the public `net.Socket` API: the fallback where native handles are not to be had.
 * Each read comes in memory of its own, so nothing is shared and nothing needs replacing.
 */
import type { Socket } from "node:net";
import type { ByteStream, StreamHandler } from "../core/transport.ts";

export class SocketStream implements ByteStream {
  handler: StreamHandler;
  readonly isReadBufferShared = false;
  readonly #socket: Socket;
  #errorCode: string | null = null;
  #hasBacklog = false;
  #isLeaving = false;
  /** Node's `drain` comes only after its own high-water mark was passed; a backlog may be smaller. */
  readonly #onWritten = (error?: Error | null): void => {
    if (!this.#hasBacklog || (error ?? null) !== null || this.#socket.writableLength > 0) return;
    this.#hasBacklog = false;
    if (!this.#isLeaving) this.handler.onDrain();
  };

  constructor(socket: Socket, handler: StreamHandler) {
    this.#socket = socket;
    this.handler = handler;
    socket.on("data", (bytes: Buffer) => {
      if (!this.#isLeaving) this.handler.onData(bytes, bytes.length);
    });
    socket.on("end", () => this.#ended());
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#errorCode = error.code ?? "EUNKNOWN";
    });
    socket.on("close", () => this.handler.onClosed(this.#errorCode));
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "unix:";
  }
  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }
  get localAddress(): string {
    return this.#socket.localAddress ?? "unix:";
  }
  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }
  /** Node's own sockets write at once. */
  readonly isWriteDue = false;

  get writeBacklog(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength;
  }

  writeText(text: string): void {
    if (!this.#socket.writable) return;
    this.#socket.write(text, "latin1", this.#onWritten);
    this.#hasBacklog = this.#socket.writableLength > 0;
  }

  writeBytes(bytes: Uint8Array): boolean {
    if (!this.#socket.writable) return true;
    this.#socket.write(bytes, this.#onWritten);
    this.#hasBacklog = this.#socket.writableLength > 0;
    return !this.#hasBacklog;
  }

  useBulkBuffer(): void {
    // Every read has its own memory here.
  }
  replaceReadBuffer(): void {
    // Every read has its own memory here.
  }

  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  end(): void {
    this.#socket.end();
  }
  close(): void {
    const socket = this.#socket;
    this.#isLeaving = true;
    // The end of a plain stream is all the goodbye there is, and closing says it.
    if (!("encrypted" in socket) && socket.writableLength === 0) socket.destroy();
    else socket.destroySoon();
  }
  destroy(): void {
    this.#socket.destroy();
  }
  reset(): void {
    const socket = this.#socket;
    // Only a plain TCP socket can be reset; TLS and unix sockets are destroyed. One that is saying goodbye would
    // refuse and then never be closed.
    const isSayingGoodbye = socket.writableEnded && !socket.writableFinished;
    const isPlain = !("encrypted" in socket) && socket.remoteAddress !== undefined;
    if (isPlain && !isSayingGoodbye) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Gives the socket away, for TLS to be put on top; nothing more is told. Null when it was closed already. */
  release(): Socket | null {
    if (this.#socket.destroyed || this.#socket.readableEnded) return null;
    this.#socket.pause();
    this.#socket.removeAllListeners();
    return this.#socket;
  }

  #ended(): void {
    if (!this.#isLeaving) this.handler.onEnd();
  }
}
