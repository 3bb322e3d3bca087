/**
 * Blocks of memory that are used again: what waits to be sent would otherwise make the collector of garbage
 * work for every large response. One set per thread; a block belongs to whoever took it.
 */
export class MemoryBlocks {
  readonly blockBytes: number;
  readonly #keptMax: number;
  readonly #spare: Buffer[] = [];

  constructor(blockBytes: number, keptMax: number) {
    this.blockBytes = blockBytes;
    this.#keptMax = keptMax;
  }

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.blockBytes);
  }

  give(block: Buffer): void {
    if (this.#spare.length < this.#keptMax) this.#spare.push(block);
  }
}
