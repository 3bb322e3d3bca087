/** What all native streams of one thread have in common: the handles they are made of, and the memory they borrow. */
import type { NativeHandles, NativeRequest } from "./native-handles.ts";
import { GatherBuffers } from "./serial-writer.ts";
import { TurnWrites } from "./turn-writes.ts";

/**
 * Enough for heads and small bodies. What a bulk transfer first reads into it is written as text together
 * with its head; with the head it should stay below the 16 KiB that Node encodes without allocating.
 */
const sharedBufferBytes = 15 * 1024;
const bulkBufferBytes = 32 * 1024;
const bulkBuffersKept = 64;

export class NativeStreams {
  readonly handles: NativeHandles;
  readonly sharedBuffer = Buffer.allocUnsafeSlow(sharedBufferBytes);
  readonly turnWrites = new TurnWrites();
  readonly gatherBuffers = new GatherBuffers();
  readonly #bulkBuffers: Buffer[] = [];
  #spareWrite: NativeRequest;

  constructor(handles: NativeHandles) {
    this.handles = handles;
    this.#spareWrite = new handles.WriteWrap();
  }

  takeBulkBuffer(): Buffer {
    return this.#bulkBuffers.pop() ?? Buffer.allocUnsafeSlow(bulkBufferBytes);
  }

  giveBulkBuffer(buffer: Buffer): void {
    if (this.#bulkBuffers.length < bulkBuffersKept) this.#bulkBuffers.push(buffer);
  }

  /** A request object; one that completed synchronously is used again. */
  writeRequest(): NativeRequest {
    return this.#spareWrite;
  }

  /** The request went asynchronous and belongs to the handle now. */
  consumeWriteRequest(): void {
    this.#spareWrite = new this.handles.WriteWrap();
  }
}
