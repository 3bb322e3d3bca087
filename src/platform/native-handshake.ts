/** A handshake driven at the engine's native handle: its time limit, its verdict, its one outcome. */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { TlsHandshakeHandler, TlsHandshakeInWork } from "../core/tls.ts";
import type { NativeHandle, SocketName, WrapServerTls } from "./native-handles.ts";
import type { NativeStreams } from "./native-streams.ts";
import { NativeTls, type NativeTlsOwner } from "./native-tls.ts";
import { PeerFacts, refusalOfClient } from "./tls-facts.ts";
import type { TlsHandshakeParts } from "./tls-handshake-parts.ts";

export class NativeHandshake implements TlsHandshakeInWork, NativeTlsOwner {
  readonly #parts: TlsHandshakeParts;
  readonly #handler: TlsHandshakeHandler;
  readonly #tls: NativeTls;
  readonly #deadline: Deadline;
  #isOver = false;

  constructor(
    streams: NativeStreams,
    wrap: WrapServerTls,
    socketHandle: NativeHandle,
    peer: SocketName,
    deadlines: Deadlines,
    parts: TlsHandshakeParts,
    handler: TlsHandshakeHandler,
  ) {
    this.#parts = parts;
    this.#handler = handler;
    this.#tls = new NativeTls(streams, wrap, socketHandle, peer, parts.choice, this);
    this.#deadline = new Deadline(deadlines, () => this.onBroken("handshake-timeout"));
    this.#deadline.set(parts.settings.handshakeTimeoutMs);
  }

  /** Nothing is called back within this call. */
  start(alreadyRead: Buffer | null): void {
    if (alreadyRead === null || alreadyRead.length === 0) this.#tls.start(null);
    else process.nextTick(() => this.#tls.start(alreadyRead));
  }

  giveUp(): void {
    if (this.#end()) this.#tls.close();
  }

  onHandshakeDone(): void {
    if (this.#isOver) return;
    const { settings } = this.#parts;
    const refusal = refusalOfClient(this.#tls, settings.clientCertificates?.mode ?? null);
    if (refusal !== null) return this.onBroken(refusal);
    this.#end();
    this.#handler.onSecured(this.#tls.takeStream(), new PeerFacts(this.#tls));
  }

  onBroken(reason: string): void {
    if (!this.#end()) return;
    this.#tls.close();
    this.#handler.onHandshakeFailed(reason, this.#tls.serverName);
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#deadline.dispose();
    this.#parts.onOver();
    return true;
  }
}
