/**
 * A server's TLS driven at its native handle: the handshake, what it came to, and the end. It spares each
 * connection two socket objects with their streams, listeners and timers, which cost as much as a resumed
 * handshake. `tls-terminator.ts` has the public way for where the handle is not to be had.
 */
import { X509Certificate } from "node:crypto";
import { getSystemErrorName } from "node:util";
import type { NativeHandle, SocketName, TlsHandle } from "./native-handles.ts";
import { ignoreRead, NativeStream } from "./native-stream.ts";
import type { NativeStreams } from "./native-streams.ts";
import type { EncryptedBy } from "./serial-writer.ts";
import { silentHandler } from "./dialer.ts";
import type { TlsPeer } from "./tls-facts.ts";

export interface NativeTlsOwner {
  /** Called on the engine's stack: the engine must not be destroyed within it, closing is fine. */
  onHandshakeDone(): void;
  /** The handshake came to nothing. `reason` is OpenSSL's or the system's code. */
  onBroken(reason: string): void;
}

const eof = -4095;

const nothingAgreed: TlsPeer = {
  version: "",
  cipher: "",
  serverName: "",
  alpn: "",
  isResumed: false,
  certificate: null,
  verifyError: null,
};

/**
 * Engines of connections that are closed, destroyed together once nothing of theirs is on the stack. A turn of the loop
 * for each would cost a resumed handshake a hundredth more.
 */
const condemned: NativeTls[] = [];
const destroyAfterMs = 1;

function destroyCondemned(): void {
  for (const tls of condemned) tls.destroyEngine();
  condemned.length = 0;
}

export class NativeTls implements TlsPeer, EncryptedBy {
  readonly socketHandle: NativeHandle;
  readonly peer: SocketName;
  readonly #streams: NativeStreams;
  readonly #tls: TlsHandle;
  readonly #owner: NativeTlsOwner;
  readonly #isClientJudged: boolean;
  #stream: NativeStream | null = null;
  #isClosed = false;
  /** Null while there is an engine to ask. */
  #remembered: TlsPeer | null = null;

  /** Nothing is read before `start`. */
  constructor(
    streams: NativeStreams,
    tls: TlsHandle,
    socketHandle: NativeHandle,
    peer: SocketName,
    isClientJudged: boolean,
    owner: NativeTlsOwner,
  ) {
    this.#streams = streams;
    this.socketHandle = socketHandle;
    this.peer = peer;
    this.#tls = tls;
    this.#owner = owner;
    this.#isClientJudged = isClientJudged;
    // The engine's handle is weak: whoever is reached from the socket's keeps it.
    socketHandle.headgateStream = this;
    tls.onread = onReadInHandshake;
    tls.onhandshakedone = onHandshakeDone;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a handle is no event target
    tls.onerror = onError;
  }

  /** `alreadyRead` came in before. May call back at once. */
  start(alreadyRead: Buffer): void {
    this.#tls.receive(alreadyRead);
    // The stream, if there is one by now, reads as its owner wants.
    if (!this.#isClosed && this.#stream === null) this.#tls.readStart();
  }

  /** The plain side, once the handshake is done. */
  takeStream(): NativeStream {
    this.#stream = new NativeStream(this.#streams, this.#tls, silentHandler, this);
    this.#stream.begin();
    return this.#stream;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tls.onread = ignoreRead;
    this.socketHandle.close();
    if (condemned.push(this) === 1) setTimeout(destroyCondemned, destroyAfterMs);
  }

  /**
   * What was agreed on is still told afterwards, since a record may be written when the client has long gone;
   * but not on connections that were never answered.
   */
  destroyEngine(): void {
    this.#remembered = this.#stream?.hasWritten === true ? this.#whatWasAgreed() : nothingAgreed;
    this.#tls.destroySSL();
  }

  #whatWasAgreed(): TlsPeer {
    const { version, cipher, serverName, alpn, isResumed } = this;
    const isJudged = this.#isClientJudged;
    const certificate = isJudged ? this.certificate : null;
    const verifyError = isJudged ? this.verifyError : null;
    return { version, cipher, serverName, alpn, isResumed, certificate, verifyError };
  }

  // TlsPeer: nothing may be asked of an engine that is no more.

  get version(): string {
    return this.#remembered === null ? (this.#tls.getProtocol() ?? "") : this.#remembered.version;
  }
  get cipher(): string {
    return this.#remembered === null ? (this.#tls.getCipher()?.name ?? "") : this.#remembered.cipher;
  }
  get serverName(): string {
    return this.#remembered === null ? this.#tls.getServername() || "" : this.#remembered.serverName;
  }
  get alpn(): string {
    // Node says false when the client offered nothing.
    return this.#remembered === null ? this.#tls.getALPNNegotiatedProtocol() || "" : this.#remembered.alpn;
  }
  get isResumed(): boolean {
    return this.#remembered === null ? this.#tls.isSessionReused() : this.#remembered.isResumed;
  }
  get certificate(): X509Certificate | null {
    if (this.#remembered !== null) return this.#remembered.certificate;
    const raw = this.#tls.getPeerCertificate(false)?.raw;
    return raw === undefined ? null : new X509Certificate(raw);
  }
  get verifyError(): NodeJS.ErrnoException | null {
    return this.#remembered === null ? (this.#tls.verifyError() ?? null) : this.#remembered.verifyError;
  }

  // What the handle tells.

  handshakeDone(): void {
    if (!this.#isClosed && this.#stream === null) this.#owner.onHandshakeDone();
  }

  /** The far end has left in the middle of the handshake, or the connection broke. */
  readInHandshake(): void {
    const { streamState, kReadBytesOrError } = this.#streams.handles;
    const error = streamState[kReadBytesOrError] as number;
    if (error < 0) this.broken(error === eof ? "ECONNRESET" : getSystemErrorName(error));
  }

  broken(reason: string): void {
    if (this.#isClosed) return;
    if (this.#stream === null) this.#owner.onBroken(reason);
    else this.#stream.ownerFailed(reason);
  }
}

// One function each for all handles: `this` is the engine's.

function onHandshakeDone(this: TlsHandle): void {
  engineOf(this).handshakeDone();
}

function onError(this: TlsHandle, error: NodeJS.ErrnoException): void {
  engineOf(this).broken(error.code ?? "EUNKNOWN");
}

function onReadInHandshake(this: NativeHandle): undefined {
  engineOf(this as TlsHandle).readInHandshake();
}

/** The stream takes the engine's own mark; the socket's stays. */
function engineOf(tls: TlsHandle): NativeTls {
  return tls._parent?.headgateStream as NativeTls;
}
