/** Data of one stream that cannot be sent yet, and the end behind it: a queue of octets in blocks of memory. */
import { dataSpanMax } from "./frames.ts";
import { MemoryBlocks } from "./memory-blocks.ts";

/** A block becomes a frame. */
const blocks = new MemoryBlocks(dataSpanMax, 256);

export class WaitingBytes {
  bytes = 0;
  /** Null while more may come; the block of trailers, "" for none. */
  end: string | null = null;
  readonly #blocks: Buffer[] = [];
  /** In the first block. */
  #readAt = 0;
  /** In the last block. */
  #filled = 0;

  push(bytes: Buffer, start: number, end: number): void {
    let pos = start;
    while (pos < end) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#filled === block.length) {
        block = blocks.take();
        this.#blocks.push(block);
        this.#filled = 0;
      }
      const stop = Math.min(end, pos + block.length - this.#filled);
      bytes.copy(block, this.#filled, pos, stop);
      this.#filled += stop - pos;
      pos = stop;
    }
    this.bytes += end - start;
  }

  /** The block that holds the next octets, from `from` on. */
  get next(): Buffer {
    return this.#blocks[0] as Buffer;
  }

  get from(): number {
    return this.#readAt;
  }

  /** So many lie there side by side. */
  get atOnce(): number {
    return (this.#blocks.length > 1 ? this.next.length : this.#filled) - this.#readAt;
  }

  /** The next octets have been sent, no more than lie side by side. */
  drop(count: number): void {
    this.bytes -= count;
    this.#readAt += count;
    if (this.bytes > 0 && this.#readAt < this.next.length) return;
    blocks.give(this.#blocks.shift() as Buffer);
    this.#readAt = 0;
  }

  /** Nobody wants them any more. */
  release(): void {
    for (const block of this.#blocks) blocks.give(block);
    this.#blocks.length = 0;
    this.bytes = 0;
  }
}
