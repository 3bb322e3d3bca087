/** A ByteStream in memory for unit tests: keeps what is written and can pretend that the kernel took nothing. */
import type { ByteStream, StreamHandler } from "../../src/core/transport.ts";

const nobody: StreamHandler = { onData() {}, onEnd() {}, onDrain() {}, onClosed() {} };

export class MemoryStream implements ByteStream {
  handler: StreamHandler = nobody;
  readonly remoteAddress = "192.0.2.1";
  readonly remotePort = 80;
  readonly localAddress = "192.0.2.2";
  readonly localPort = 4711;
  readonly isReadBufferShared = false;
  /** Each write by itself. */
  readonly writes: string[] = [];
  writeBacklog = 0;
  isWriteDue = false;
  /** From now on writes stay behind as backlog. */
  isStuck = false;
  /** From now on `close` waits. */
  isLeavingSlow = false;
  isPaused = false;
  isEnded = false;
  isClosed = false;
  isReset = false;
  isBulk = false;

  get written(): string {
    return this.writes.join("");
  }

  writeText(text: string): void {
    this.#write(text);
  }
  writeBytes(bytes: Uint8Array): boolean {
    this.#write(Buffer.from(bytes).toString("latin1"));
    return !this.isStuck;
  }
  useBulkBuffer(isBulk: boolean): void {
    this.isBulk = isBulk;
  }
  replaceReadBuffer(): void {
    // Nothing is lent here.
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {
    this.isEnded = true;
  }
  close(): void {
    if (!this.isLeavingSlow) this.destroy();
  }
  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.onClosed(null);
  }
  reset(): void {
    this.isReset = true;
    this.destroy();
  }

  /** The far end sends. */
  receive(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.handler.onData(bytes, bytes.length);
  }

  #write(text: string): void {
    if (this.isClosed) return;
    this.writes.push(text);
    if (this.isStuck) this.writeBacklog += text.length;
  }
}
