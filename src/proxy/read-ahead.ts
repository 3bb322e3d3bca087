/** Bytes of later requests that arrived while an earlier one is being answered. Their limit is the owner's. */
export class ReadAhead {
  #bytes: Buffer | null = null;

  get isEmpty(): boolean {
    return this.#bytes === null;
  }

  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  /** Keeps `buffer[start, end)`; copies it unless the memory is the owner's own. */
  keep(buffer: Buffer, start: number, end: number, isOwn: boolean): void {
    const span = buffer.subarray(start, end);
    const more = isOwn ? span : Buffer.from(span);
    this.#bytes = this.#bytes === null ? more : Buffer.concat([this.#bytes, more]);
  }

  /** What was kept; null when nothing was. */
  take(): Buffer | null {
    const bytes = this.#bytes;
    this.#bytes = null;
    return bytes;
  }
}
