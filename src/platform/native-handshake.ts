/**
 * A handshake driven at the engine's native handle: the client's first bytes, the time limit, the verdict, the one
 * outcome. The engine is put on the socket once its first bytes are there: they tell which context it needs,
 * and what it is handed costs it less memory than what it reads by itself.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { TlsHandshakeHandler, TlsHandshakeInWork } from "../core/tls.ts";
import type { StreamHandler } from "../core/transport.ts";
import type { WrapServerTls } from "./native-handles.ts";
import type { NativeStream } from "./native-stream.ts";
import type { NativeStreams } from "./native-streams.ts";
import { NativeTls, type NativeTlsOwner } from "./native-tls.ts";
import { failureReason, PeerFacts, refusalOfClient } from "./tls-facts.ts";
import type { TlsHandshakeParts } from "./tls-handshake-parts.ts";

export class NativeHandshake implements TlsHandshakeInWork, NativeTlsOwner, StreamHandler {
  readonly #streams: NativeStreams;
  readonly #wrap: WrapServerTls;
  readonly #plain: NativeStream;
  readonly #parts: TlsHandshakeParts;
  readonly #handler: TlsHandshakeHandler;
  readonly #deadline: Deadline;
  /** Null before the client has said something. */
  #tls: NativeTls | null = null;
  #isOver = false;

  constructor(
    streams: NativeStreams,
    wrap: WrapServerTls,
    plain: NativeStream,
    deadlines: Deadlines,
    parts: TlsHandshakeParts,
    handler: TlsHandshakeHandler,
  ) {
    this.#streams = streams;
    this.#wrap = wrap;
    this.#plain = plain;
    this.#parts = parts;
    this.#handler = handler;
    this.#deadline = new Deadline(deadlines, () => this.onBroken("handshake-timeout"));
    this.#deadline.set(parts.settings.handshakeTimeoutMs);
  }

  /** Nothing is called back within this call. */
  start(alreadyRead: Buffer | null): void {
    this.#plain.handler = this;
    if (alreadyRead === null || alreadyRead.length === 0) this.#plain.resume();
    else process.nextTick(() => this.onData(alreadyRead, alreadyRead.length));
  }

  giveUp(): void {
    if (this.#end()) this.#close();
  }

  // StreamHandler: what the client says in the clear.

  onData(buffer: Buffer, length: number): void {
    if (this.#isOver) return;
    const { choice } = this.#parts;
    const { peer } = this.#plain;
    const socketHandle = this.#plain.releaseHandle();
    if (socketHandle === null) return this.onBroken("ECONNRESET");
    const hello = buffer.subarray(0, length);
    const context = choice.contextFor(hello);
    const engine = this.#wrap(socketHandle, context.context);
    this.#tls = new NativeTls(this.#streams, engine, socketHandle, peer, choice.isCertificateWanted, this);
    choice.prepare(engine, context);
    this.#tls.start(hello);
  }

  onEnd(): void {
    this.onBroken("ECONNRESET");
  }

  onDrain(): void {}

  onClosed(errorCode: string | null): void {
    this.onBroken(errorCode ?? "ECONNRESET");
  }

  // NativeTlsOwner

  onHandshakeDone(): void {
    const tls = this.#tls;
    if (this.#isOver || tls === null) return;
    const { settings } = this.#parts;
    const refusal = refusalOfClient(tls, settings.clientCertificates?.mode ?? null);
    if (refusal !== null) return this.onBroken(refusal);
    this.#end();
    this.#handler.onSecured(tls.takeStream(), new PeerFacts(tls));
  }

  onBroken(reason: string): void {
    if (!this.#end()) return;
    this.#close();
    this.#handler.onHandshakeFailed(failureReason(reason), this.#tls?.serverName ?? "");
  }

  #close(): void {
    if (this.#tls === null) this.#plain.destroy();
    else this.#tls.close();
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#deadline.dispose();
    this.#parts.onOver();
    return true;
  }
}
