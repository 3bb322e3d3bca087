/**
 * ByteStream over a native handle. Reads land in one buffer shared by every stream of the thread,
 * so an idle connection owns no memory; a bulk transfer borrows a private one. Writes go straight
 * to the handle, which tries the kernel first and queues only what the kernel would not take; text may wait for
 * the end of the turn (`turn-writes.ts`).
 *
 * A failed write does not close the stream: the response to a half-sent request may still be
 * waiting to be read. The read side then reports the end.
 */
import { Socket, type SocketConstructorOpts } from "node:net";
import { getSystemErrorName } from "node:util";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { NativeHandle, NativeRequest, SocketName } from "./native-handles.ts";
import type { NativeStreams } from "./native-streams.ts";
import { type EncryptedBy, SerialWriter, type SerialWriterOwner } from "./serial-writer.ts";

/** No more text than this waits for the end of the turn, so that it need not count as backlog. */
const laterMax = 16 * 1024;
const eof = -4095;

export class NativeStream implements ByteStream, SerialWriterOwner {
  handler: StreamHandler;
  readonly #streams: NativeStreams;
  readonly #handle: NativeHandle;
  #buffer: Buffer;
  #isBulkWanted = false;
  #mustReplaceBuffer = false;
  /** Nothing is asked of the handle before: what becomes TLS at once never reads here. */
  #hasBegun = false;
  #isReading = false;
  #isEnding = false;
  /** It closes as soon as all is said. */
  #isLeaving = false;
  #hasShutDown = false;
  #isShuttingDown = false;
  #hasEnded = false;
  #isClosed = false;
  #isWriteBroken = false;
  #pendingWrites = 0;
  /** Text that leaves at the end of the turn. */
  #later = "";
  #peer: SocketName | null = null;
  #local: SocketName | null = null;
  /** Null for a plain stream. */
  readonly #encryptedBy: EncryptedBy | null;
  /** Takes the writes of an encrypted stream. */
  readonly #serial: SerialWriter | null;

  constructor(
    streams: NativeStreams,
    handle: NativeHandle,
    handler: StreamHandler,
    encryptedBy: EncryptedBy | null,
  ) {
    this.#streams = streams;
    this.#handle = handle;
    this.#buffer = streams.sharedBuffer;
    this.#encryptedBy = encryptedBy;
    this.#serial =
      encryptedBy === null ? null : new SerialWriter(streams, handle, encryptedBy.socketHandle, this);
    this.#peer = encryptedBy?.peer ?? null;
    this.handler = handler;
  }

  /** Reads from now on, unless the owner has paused, closed or given away the stream by now. */
  begin(): void {
    if (!this.#hasBegun) this.resume();
  }

  #takeHandle(): void {
    this.#hasBegun = true;
    const handle = this.#handle;
    handle.headgateStream = this;
    handle.onread = onRead;
    handle.useUserBuffer(this.#streams.sharedBuffer);
  }

  get remoteAddress(): string {
    return this.peer.address ?? "unix:";
  }
  get remotePort(): number {
    return this.peer.port ?? 0;
  }
  get localAddress(): string {
    return this.#localName.address ?? "unix:";
  }
  get localPort(): number {
    return this.#localName.port ?? 0;
  }

  /** Something was given to an encrypted stream to write. */
  get hasWritten(): boolean {
    return this.#serial?.hasWritten === true;
  }

  /** Neither closed nor ended by the far end. */
  get isReadable(): boolean {
    return !this.#isClosed && !this.#hasEnded;
  }

  get peer(): SocketName {
    return (this.#peer ??= nameFrom(this.#handle, "getpeername"));
  }
  get #localName(): SocketName {
    return (this.#local ??= nameFrom(this.#handle, "getsockname"));
  }

  get writeBacklog(): number {
    if (this.#serial !== null) return this.#isClosed ? 0 : this.#serial.backlog;
    return this.#isClosed || this.#pendingWrites === 0 ? 0 : this.#handle.writeQueueSize;
  }

  get isReadBufferShared(): boolean {
    return this.#buffer === this.#streams.sharedBuffer;
  }

  writeText(text: string): void {
    if (this.#isClosed || this.#isWriteBroken) return;
    if (this.#serial !== null) {
      this.#serial.write(text);
      return;
    }
    if (this.#later !== "") {
      this.#later += text;
      if (this.#later.length > laterMax) this.writeDue();
    } else if (text.length <= laterMax && this.#streams.turnWrites.defer(this)) {
      this.#later = text;
    } else {
      this.#writeNow(text);
    }
  }

  get isWriteDue(): boolean {
    return this.#later !== "" || this.#serial?.isDue === true;
  }

  /** See DueWriter. */
  writeDue(): void {
    if (this.#serial !== null && !this.#isClosed) this.#serial.writeDue();
    if (this.#later === "") return;
    const text = this.#later;
    this.#later = "";
    if (!this.#isClosed && !this.#isWriteBroken) this.#writeNow(text);
  }

  #writeNow(text: string): void {
    const request = this.#streams.writeRequest();
    const error = this.#handle.writeLatin1String(request, text);
    this.#afterWrite(request, error, null);
  }

  writeBytes(bytes: Uint8Array): boolean {
    if (this.#serial !== null)
      return this.#isClosed || this.#isWriteBroken ? true : this.#serial.write(bytes);
    this.writeDue();
    if (this.#isClosed || this.#isWriteBroken) return true;
    const request = this.#streams.writeRequest();
    const error = this.#handle.writeBuffer(request, bytes);
    return this.#afterWrite(request, error, bytes);
  }

  /** Returns true when nothing is left to write. */
  #afterWrite(request: NativeRequest, error: number, bytes: Uint8Array | null): boolean {
    if (error !== 0) {
      this.onWriteFailed(error);
      return true;
    }
    const { streamState, kLastWriteWasAsync } = this.#streams.handles;
    if (streamState[kLastWriteWasAsync] === 0) return true;
    this.#streams.consumeWriteRequest();
    this.#pendingWrites++;
    request.buffer = bytes;
    // A closure per write that the kernel could not take at once: rare, and bounded by back-pressure.
    // Named first to be born young, see `SerialWriter`.
    const completed = (status: number): void => this.#writeCompleted(status);
    request.oncomplete = completed;
    return false;
  }

  #writeCompleted(status: number): void {
    this.#pendingWrites--;
    if (this.#isClosed) return;
    if (status < 0) this.onWriteFailed(status);
    else if (this.#pendingWrites === 0 && !this.#isLeaving) this.handler.onDrain();
  }

  /** For the serial writer. */
  onWritten(): void {
    if (this.#isClosed) return;
    if (!this.#isLeaving) this.handler.onDrain();
    if (this.#isEnding) this.#shutDown();
  }

  /** For the serial writer, too. */
  onWriteFailed(error: number): void {
    if (this.#isClosed) return;
    this.#isWriteBroken = true;
    this.#serial?.stop();
    // The far end is gone; reading tells how, unless it already ended.
    if (this.#hasEnded || this.#isLeaving) this.#close(getSystemErrorName(error));
    else this.resume();
  }

  useBulkBuffer(isBulk: boolean): void {
    this.#isBulkWanted = isBulk;
  }

  replaceReadBuffer(): void {
    this.#mustReplaceBuffer = true;
  }

  pause(): void {
    if (this.#isClosed) return;
    if (!this.#hasBegun) this.#takeHandle();
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (this.#isReading || this.#isClosed || this.#hasEnded) return;
    if (!this.#hasBegun) this.#takeHandle();
    this.#isReading = true;
    this.#handle.readStart();
  }

  end(): void {
    if (this.#isEnding || this.#isClosed) return;
    this.writeDue();
    this.#isEnding = true;
    // Where the far end has ended before, closing says it all, and spares a call of the system and a turn.
    if (this.#hasEnded && this.#encryptedBy === null && this.#pendingWrites === 0)
      return queueMicrotask(() => this.#close(null));
    // An encrypted stream says goodbye behind everything that was written.
    if (this.#isWriteBroken || this.#serial?.isBusy === true) return;
    // The engine may be writing something of its own (session tickets) until this turn ends: the goodbye would get stuck.
    if (this.#encryptedBy !== null && this.#handle.writeQueueSize > 0) setImmediate(() => this.#shutDown());
    else this.#shutDown();
  }

  close(): void {
    this.writeDue();
    if (this.#isClosed || this.#isLeaving) return;
    // The end of a plain stream is all the goodbye there is, and closing says it.
    const isSaid = this.#encryptedBy === null && this.#pendingWrites === 0;
    if (isSaid || this.#isWriteBroken) return this.#close(null);
    this.#isLeaving = true;
    this.#handle.onread = ignoreRead;
    if (this.#hasShutDown) this.#closeIfSaid();
    else this.end();
  }

  /** The goodbye is with the kernel: what becomes of it is no concern of ours, and the far end's is not waited for. */
  #closeIfSaid(): void {
    const socketHandle = this.#encryptedBy === null ? this.#handle : this.#encryptedBy.socketHandle;
    if (!this.#isShuttingDown || socketHandle?.writeQueueSize === 0) this.#close(null);
  }

  #shutDown(): void {
    if (this.#hasShutDown || this.#isClosed) return;
    this.#hasShutDown = true;
    const request = new this.#streams.handles.ShutdownWrap();
    request.handle = this.#handle;
    // Named first, too.
    const completed = (): void => {
      this.#isShuttingDown = false;
      if (this.#hasEnded || this.#isLeaving) this.#close(null);
    };
    request.oncomplete = completed;
    const error = this.#handle.shutdown(request);
    this.#isShuttingDown = error === 0;
    if (this.#isLeaving) this.#closeIfSaid();
    else if (error < 0 && this.#hasEnded) this.#close(null);
  }

  destroy(): void {
    this.writeDue();
    this.#close(null);
  }

  reset(): void {
    if (this.#isClosed) return;
    // While it says goodbye a handle cannot be reset; one that refuses can never be closed (libuv, tcp_wrap.cc).
    const isResettable = this.#encryptedBy === null && !this.#isShuttingDown;
    if (isResettable && this.#handle.reset !== undefined && this.#handle.reset() === 0) {
      this.#handle.onread = ignoreRead;
      this.#closed(null);
    } else {
      this.#close(null);
    }
  }

  #close(errorCode: string | null): void {
    if (this.#isClosed) return;
    this.#handle.onread = ignoreRead;
    if (this.#encryptedBy === null) this.#handle.close();
    else this.#encryptedBy.close();
    this.#closed(errorCode);
  }

  /**
   * Gives the connection away, for TLS to be put on top. The stream is finished without a word to its
   * handler. Null when it was closed already.
   */
  releaseHandle(): NativeHandle | null {
    this.writeDue();
    if (this.#isClosed || this.#hasEnded) return null;
    this.#isClosed = true;
    if (!this.#hasBegun) return this.#handle;
    this.#isReading = false;
    this.#handle.readStop();
    this.#handle.headgateStream = undefined;
    this.#handle.onread = ignoreRead;
    return this.#handle;
  }

  /** The same as a public socket. */
  releaseSocket(): Socket | null {
    const handle = this.releaseHandle();
    if (handle === null) return null;
    const options = { handle, allowHalfOpen: true, manualStart: true };
    return new Socket(options as unknown as SocketConstructorOpts);
  }

  /** The encryption found the stream broken. */
  ownerFailed(errorCode: string): void {
    this.#close(errorCode);
  }

  #closed(errorCode: string | null): void {
    this.#isClosed = true;
    this.#isReading = false;
    this.#later = "";
    this.#serial?.stop();
    if (!this.isReadBufferShared && !this.#mustReplaceBuffer) this.#streams.giveBulkBuffer(this.#buffer);
    this.#buffer = this.#streams.sharedBuffer;
    this.handler.onClosed(errorCode);
  }

  /** The handle has read into the lent buffer, or failed. Returns the next buffer if it changes. */
  readCompleted(): Buffer | undefined {
    const { streamState, kReadBytesOrError } = this.#streams.handles;
    const byteCount = streamState[kReadBytesOrError] as number;
    if (byteCount > 0) {
      this.handler.onData(this.#buffer, byteCount);
      return this.#isClosed ? undefined : this.#nextBuffer();
    }
    if (byteCount === 0) return undefined;
    this.#hasEnded = true;
    this.#isReading = false;
    this.#handle.readStop();
    if (byteCount !== eof) this.#close(getSystemErrorName(byteCount));
    else if (this.#isEnding || this.#isWriteBroken) this.#endedBothWays();
    else this.handler.onEnd();
    return undefined;
  }

  #endedBothWays(): void {
    this.handler.onEnd();
    const isSaid = this.#encryptedBy === null ? this.#pendingWrites === 0 : this.#hasShutDown;
    if (isSaid || this.#isWriteBroken) this.#close(null);
  }

  #nextBuffer(): Buffer | undefined {
    const isShared = this.isReadBufferShared;
    if (this.#mustReplaceBuffer && !isShared) {
      this.#mustReplaceBuffer = false;
      this.#buffer = this.#isBulkWanted ? this.#streams.takeBulkBuffer() : this.#streams.sharedBuffer;
      return this.#buffer;
    }
    if (isShared !== this.#isBulkWanted) return undefined;
    if (isShared) {
      this.#buffer = this.#streams.takeBulkBuffer();
    } else {
      this.#streams.giveBulkBuffer(this.#buffer);
      this.#buffer = this.#streams.sharedBuffer;
    }
    return this.#buffer;
  }
}

/** Written anew by each question: to change what is there costs V8 less than to add it. */
const told = { address: "", port: 0, family: "" };

/** Nothing of a unix socket, or of one whose far end has left. */
function nameFrom(handle: NativeHandle, call: "getpeername" | "getsockname"): SocketName {
  if (handle[call]?.(told) !== 0) return {};
  const { address, port, family } = told;
  return { address, port, family };
}

/** A closed handle may still report a read; Node insists that something listens. */
export function ignoreRead(): undefined {
  return undefined;
}

/** One function for all handles: `this` is the handle that was read. */
function onRead(this: NativeHandle): Buffer | undefined {
  return (this.headgateStream as NativeStream).readCompleted();
}
