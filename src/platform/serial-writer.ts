/**
 * Writes of an encrypted stream, one at a time: the TLS engine takes no second write before the first has
 * been handed on, which happens at the end of the event loop's round. What comes meanwhile is put together.
 */
import type { NativeHandle, NativeHandles, NativeRequest } from "./native-handles.ts";

export interface SerialWriterOwner {
  /** A write failed, with a negative errno. */
  onWriteFailed(error: number): void;
  /** Everything has been handed on. */
  onWritten(): void;
}

/** So much of what waited goes into one write. */
const joinedBytesMax = 64 * 1024;

export class SerialWriter {
  readonly #handles: NativeHandles;
  readonly #handle: NativeHandle;
  readonly #owner: SerialWriterOwner;
  /** Used in turn: one is still taken while its completion begins the next write. */
  #request: NativeRequest;
  #otherRequest: NativeRequest;
  readonly #oncomplete: (status: number) => void;
  #isBusy = false;
  #waiting: (string | Uint8Array)[] = [];
  #waitingBytes = 0;

  constructor(handles: NativeHandles, handle: NativeHandle, owner: SerialWriterOwner) {
    this.#handles = handles;
    this.#handle = handle;
    this.#owner = owner;
    this.#request = new handles.WriteWrap();
    this.#otherRequest = new handles.WriteWrap();
    this.#oncomplete = (status) => this.#completed(status);
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get backlog(): number {
    return this.#isBusy ? this.#handle.writeQueueSize + this.#waitingBytes : 0;
  }

  /** The engine copies what it encrypts, so the memory is the caller's again unless it had to wait. */
  write(data: string | Uint8Array): boolean {
    if (!this.#isBusy) {
      this.#start(data);
      return true;
    }
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
    return typeof data === "string";
  }

  stop(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #start(data: string | Uint8Array): void {
    const request = this.#request;
    this.#request = this.#otherRequest;
    this.#otherRequest = request;
    const error =
      typeof data === "string"
        ? this.#handle.writeLatin1String(request, data)
        : this.#handle.writeBuffer(request, data);
    if (error !== 0) return this.#owner.onWriteFailed(error);
    if (this.#handles.streamState[this.#handles.kLastWriteWasAsync] === 0) return;
    this.#isBusy = true;
    request.oncomplete = this.#oncomplete;
  }

  #completed(status: number): void {
    this.#isBusy = false;
    if (status < 0) return this.#owner.onWriteFailed(status);
    while (this.#waiting.length > 0 && !this.#isBusy) this.#start(this.#takeWaiting());
    if (!this.#isBusy) this.#owner.onWritten();
  }

  /** All text that waits, or a piece of memory with what fits beside it. */
  #takeWaiting(): string | Uint8Array {
    const [first = ""] = this.#waiting;
    let count = 1;
    let bytes = first.length;
    while (count < this.#waiting.length) {
      const next = this.#waiting[count] as string | Uint8Array;
      if (bytes + next.length > joinedBytesMax) break;
      bytes += next.length;
      count++;
    }
    const taken = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    if (count === 1) return first;
    if (taken.every((piece) => typeof piece === "string")) return taken.join("");
    return Buffer.concat(
      taken.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece)),
    );
  }
}
