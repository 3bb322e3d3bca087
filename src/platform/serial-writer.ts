/**
 * Writes of an encrypted stream, one at a time: the TLS engine takes no second write before the first has
 * been handed on, which happens at the end of the event loop's round. What comes meanwhile is gathered in
 * memory of the thread, so that a bulk transfer allocates nothing; so is text, which Node would first copy
 * into memory of its own.
 */
import { writeLatin1 } from "../core/latin1.ts";
import type { NativeHandle, NativeHandles, NativeRequest, SocketName } from "./native-handles.ts";
import type { TurnWrites } from "./turn-writes.ts";

export interface SerialWriterOwner {
  /** A write failed, with a negative errno. */
  onWriteFailed(error: number): void;
  /** Everything has been handed on. */
  onWritten(): void;
}

/** Whoever stands between an encrypted stream and its socket. */
export interface EncryptedBy {
  /** Called instead of the handle's own `close`. */
  close(): void;
  /** The handle below the encryption; null where it is not to be had. */
  readonly socketHandle: NativeHandle | null;
  /** The far end, if it has been asked for: later it may have left, and then the system does not know it. */
  readonly peer: SocketName | null;
}

/** What the writers of one thread have in common. */
export interface SerialWriting {
  readonly handles: NativeHandles;
  readonly turnWrites: TurnWrites;
  readonly gatherBuffers: GatherBuffers;
}

/** So much goes into one write at most. Three reads of a bulk transfer, in memory that malloc need not map. */
export const gatherBytes = 96 * 1024;
const gatherBuffersKept = 64;
/** A span beyond this is encrypted where it lies, if it may; others wait for the end of the turn. */
const deferredBytesMax = 16 * 1024;

/** Memory in which writes are put together, lent for as long as they wait. */
export class GatherBuffers {
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(gatherBytes);
  }

  give(buffer: Buffer): void {
    if (this.#spare.length < gatherBuffersKept) this.#spare.push(buffer);
  }
}

export class SerialWriter {
  readonly #writing: SerialWriting;
  readonly #handle: NativeHandle;
  /** The socket's own handle; null where it is not to be had. */
  readonly #socketHandle: NativeHandle | null;
  readonly #owner: SerialWriterOwner;
  /** Used in turn: one is still taken while its completion begins the next write. */
  #request: NativeRequest | null = null;
  #otherRequest: NativeRequest | null = null;
  /**
   * Made here, not in the constructor: V8 takes a function that is written straight into a property for a method,
   * and makes it in the old generation. It would keep the whole connection from every minor collection.
   */
  readonly #oncomplete = (status: number): void => this.#completed(status);
  #isBusy = false;
  /** Holds `#gathered` bytes; null while there are none. */
  #buffer: Buffer | null = null;
  #gathered = 0;
  /** What did not fit, in order; back-pressure keeps it short. */
  #overflow: (string | Uint8Array)[] = [];
  #overflowBytes = 0;

  constructor(
    writing: SerialWriting,
    handle: NativeHandle,
    socketHandle: NativeHandle | null,
    owner: SerialWriterOwner,
  ) {
    this.#writing = writing;
    this.#handle = handle;
    this.#socketHandle = socketHandle;
    this.#owner = owner;
  }

  /** Something is being written or waits. */
  get isBusy(): boolean {
    return this.#isBusy || this.#gathered > 0;
  }

  /** Something was written, or tried. */
  get hasWritten(): boolean {
    return this.#otherRequest !== null;
  }

  /** Something waits. */
  get isDue(): boolean {
    return this.#gathered > 0;
  }

  get backlog(): number {
    // What is gathered without a write under way leaves with this turn of the loop.
    if (!this.#isBusy) return 0;
    const isTaken = this.#socketHandle !== null && this.#socketHandle.writeQueueSize === 0;
    return (isTaken ? 0 : this.#handle.writeQueueSize) + this.#gathered + this.#overflowBytes;
  }

  /** Returns true when the memory is the caller's again, false when it is kept until everything is handed on. */
  write(data: string | Uint8Array): boolean {
    if (this.#overflow.length > 0) return this.#keep(data);
    if (this.#isBusy || this.#gathered > 0) return this.#gatherOrKeep(data);
    if (data.length > deferredBytesMax) {
      this.#start(data);
      return true;
    }
    this.#gather(data);
    if (!this.#writing.turnWrites.defer(this)) this.writeDue();
    return true;
  }

  /** See DueWriter. Writes what has been gathered unless a write is under way. */
  writeDue(): void {
    const buffer = this.#buffer;
    if (this.#isBusy || buffer === null) return;
    const bytes = buffer.subarray(0, this.#gathered);
    this.#buffer = null;
    this.#gathered = 0;
    this.#start(bytes);
    // The engine has encrypted or copied it.
    this.#writing.gatherBuffers.give(buffer);
  }

  stop(): void {
    if (this.#buffer !== null) this.#writing.gatherBuffers.give(this.#buffer);
    this.#buffer = null;
    this.#gathered = 0;
    this.#overflow = [];
    this.#overflowBytes = 0;
  }

  #gatherOrKeep(data: string | Uint8Array): boolean {
    if (this.#gathered + data.length > gatherBytes) this.writeDue();
    if (this.#gathered + data.length > gatherBytes) return this.#keep(data);
    this.#gather(data);
    return true;
  }

  #gather(data: string | Uint8Array): void {
    this.#buffer ??= this.#writing.gatherBuffers.take();
    if (typeof data === "string") writeLatin1(this.#buffer, data, this.#gathered);
    else this.#buffer.set(data, this.#gathered);
    this.#gathered += data.length;
  }

  #keep(data: string | Uint8Array): boolean {
    this.#overflow.push(data);
    this.#overflowBytes += data.length;
    return typeof data === "string";
  }

  /** The engine copies what it does not encrypt at once. */
  #start(data: string | Uint8Array): void {
    const { handles } = this.#writing;
    const request = this.#request ?? new handles.WriteWrap();
    this.#request = this.#otherRequest;
    this.#otherRequest = request;
    const error =
      typeof data === "string"
        ? this.#handle.writeLatin1String(request, data)
        : this.#handle.writeBuffer(request, data);
    if (error !== 0) return this.#owner.onWriteFailed(error);
    if (handles.streamState[handles.kLastWriteWasAsync] === 0) return;
    this.#isBusy = true;
    request.oncomplete = this.#oncomplete;
  }

  #completed(status: number): void {
    this.#isBusy = false;
    if (status < 0) return this.#owner.onWriteFailed(status);
    this.writeDue();
    while (this.#overflow.length > 0 && !this.#isBusy) this.#writeOverflow();
    if (!this.#isBusy) this.#owner.onWritten();
  }

  /** As much of it as one write may carry. */
  #writeOverflow(): void {
    for (let first = this.#overflow[0]; first !== undefined; first = this.#overflow[0]) {
      if (this.#gathered + first.length > gatherBytes) break;
      this.#gather(first);
      this.#dropFirst(first);
    }
    if (this.#gathered > 0) return this.writeDue();
    const [large = ""] = this.#overflow;
    this.#dropFirst(large);
    this.#start(large);
  }

  #dropFirst(first: string | Uint8Array): void {
    this.#overflow.shift();
    this.#overflowBytes -= first.length;
  }
}
