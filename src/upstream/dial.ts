/**
 * One attempt to connect to an endpoint: each of its addresses in turn, within one time limit. Whoever waits
 * is told once, with a connection or with a cause.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ByteStream, Dialer, DialHandler, DialTarget, UpstreamTls } from "../core/transport.ts";
import type { ResponseSink, UpstreamStream } from "./upstream-stream.ts";

/** Who asked for a connection; told exactly once unless it cancels. */
interface DialWaiter {
  /** The PROXY header with which the connection begins, where the endpoint expects one. */
  proxyHeader(version: "v1" | "v2"): Uint8Array;
  onUpstreamFailed(cause: Cause, detail: string): void;
}

/** It wants to speak HTTP. */
export interface ConnectionWaiter extends ResponseSink, DialWaiter {
  onUpstreamReady(stream: UpstreamStream): void;
}

/** It wants the bytes as they are. It tells `streamClosed` when the stream is gone. */
export interface StreamWaiter extends DialWaiter {
  /** Headgate itself ends the stream. Absent where the stream is its maker's own business. */
  breakOff?(cause: Cause): void;
  onStreamReady(stream: ByteStream, alpn: string): void;
}

/** Cancels a request for a connection; nothing is called back afterwards. */
export interface PendingConnection {
  cancel(): void;
}

interface DialSettings {
  readonly tls: UpstreamTls | null;
  readonly proxyProtocol: "off" | "v1" | "v2";
  readonly connectTimeoutMs: number;
}

/** Whose dial it is. */
export interface DialOwner {
  /** Where to dial, best first. */
  readonly targets: readonly DialTarget[];
  /** A stream to the target of that index is there. */
  adopt(stream: ByteStream, alpn: string, targetIndex: number, waiter: ConnectionWaiter | StreamWaiter): void;
  /** It came to nothing, so its place is free again. */
  giveUp(hasFailed: boolean): void;
}

/** One attempt to connect: each of the endpoint's addresses in turn, within one time limit. */
export class Dial implements DialHandler, PendingConnection {
  readonly #owner: DialOwner;
  readonly #settings: DialSettings;
  readonly #dialer: Dialer;
  readonly #waiter: ConnectionWaiter | StreamWaiter;
  readonly #deadline: Deadline;
  #targetIndex: number;
  #triesLeft: number;
  #abandon: () => void = () => {};
  #isOver = false;
  #worst: { readonly cause: Cause; readonly detail: string } = noFailure;
  #hasPlace: boolean;

  constructor(
    owner: DialOwner,
    settings: DialSettings,
    dialer: Dialer,
    deadlines: Deadlines,
    waiter: ConnectionWaiter | StreamWaiter,
    preferredTarget: number,
    isAllowed: boolean,
  ) {
    this.#owner = owner;
    this.#settings = settings;
    this.#dialer = dialer;
    this.#waiter = waiter;
    this.#triesLeft = owner.targets.length;
    this.#targetIndex = preferredTarget < owner.targets.length ? preferredTarget : 0;
    this.#deadline = new Deadline(deadlines, () => this.#fail("connect-timeout", ""));
    this.#deadline.set(settings.connectTimeoutMs);
    this.#hasPlace = isAllowed;
    if (!isAllowed) queueMicrotask(() => this.#fail("pool-full", ""));
    else if (this.#triesLeft === 0) queueMicrotask(() => this.#fail("name-unresolved", ""));
    else this.#dialNext();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#giveUp(false);
  }

  onConnected(stream: ByteStream, alpn: string): void {
    if (this.#isOver) {
      stream.destroy();
      return;
    }
    this.#finish();
    this.#owner.adopt(stream, alpn, this.#targetIndex, this.#waiter);
  }

  onDialFailed(errorCode: string): void {
    if (this.#isOver) return;
    this.#note(errorCode);
    if (--this.#triesLeft > 0) {
      this.#targetIndex = (this.#targetIndex + 1) % this.#owner.targets.length;
      this.#dialNext();
      return;
    }
    this.#fail(this.#worst.cause, this.#worst.detail);
  }

  /** Of several addresses' failures the one that got furthest says most. */
  #note(errorCode: string): void {
    const cause = causeOfDialFailure(errorCode, this.#settings.tls !== null);
    if (this.#worst === noFailure || rankOf(cause) > rankOf(this.#worst.cause))
      this.#worst = { cause, detail: errorCode };
  }

  #dialNext(): void {
    const target = this.#owner.targets[this.#targetIndex];
    if (target === undefined) return this.#fail("name-unresolved", "");
    const { tls, proxyProtocol } = this.#settings;
    const preamble = proxyProtocol === "off" ? null : this.#waiter.proxyHeader(proxyProtocol);
    this.#abandon = this.#dialer.dial(target, tls, this, preamble);
  }

  #fail(cause: Cause, detail: string): void {
    if (this.#isOver) return;
    this.#finish();
    this.#giveUp(true);
    this.#waiter.onUpstreamFailed(cause, detail);
  }

  #giveUp(hasFailed: boolean): void {
    this.#abandon();
    if (this.#hasPlace) this.#owner.giveUp(hasFailed);
  }

  #finish(): void {
    this.#isOver = true;
    this.#deadline.dispose();
  }
}

const noFailure: { readonly cause: Cause; readonly detail: string } = { cause: "connect-failed", detail: "" };

/** How far a failed dial got. */
function rankOf(cause: Cause): number {
  return ["connect-refused", "connect-failed", "connect-timeout", "tls-failed"].indexOf(cause);
}

const networkErrors = new Set([
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE",
  "EACCES",
  "EPERM",
  "ENOENT",
  "ECONNRESET",
]);

function causeOfDialFailure(errorCode: string, isTls: boolean): Cause {
  if (errorCode === "ECONNREFUSED") return "connect-refused";
  if (errorCode === "ETIMEDOUT") return "connect-timeout";
  return isTls && !networkErrors.has(errorCode) ? "tls-failed" : "connect-failed";
}
