/**
 * One attempt to connect to an endpoint: each of its addresses in turn, within one time limit. Whoever waits
 * is told once, with a connection or with a cause.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import type { Rostered } from "../core/roster.ts";
import type { ByteStream, Dialer, DialHandler, DialTarget, UpstreamTls } from "../core/transport.ts";
import type { ResponseSink, UpstreamStream } from "./upstream-stream.ts";

/** Who asked for a connection; told exactly once unless it cancels. */
interface DialWaiter {
  /** The PROXY header with which the connection begins, where the endpoint expects one; with version 2 it tells `tlvs`. */
  proxyHeader(version: "v1" | "v2", tlvs: readonly ProxyTlvName[]): Uint8Array;
  onUpstreamFailed(cause: Cause, detail: string): void;
}

/** It wants to speak HTTP. */
export interface ConnectionWaiter extends ResponseSink, DialWaiter {
  /** Not every endpoint that speaks HTTP/2 takes these over it. */
  readonly isWebSocket: boolean;
  onUpstreamReady(stream: UpstreamStream): void;
}

/** It wants the bytes as they are. It tells `streamClosed` when the stream is gone. */
export interface StreamWaiter extends DialWaiter, Rostered {
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
  /** HTTP/1.1 alone is offered because a WebSocket cannot go over HTTP/2. */
  readonly isForWebSocket: boolean;
  readonly proxyProtocol: "off" | "v1" | "v2";
  readonly proxyTlvs: readonly ProxyTlvName[];
  readonly connectTimeoutMs: number;
}

/** Whose dial it is. */
export interface DialOwner {
  /** Where to dial, best first. */
  readonly targets: readonly DialTarget[];
  /** A stream to that target is there. */
  adopt(stream: ByteStream, alpn: string, target: DialTarget, waiter: ConnectionWaiter | StreamWaiter): void;
  /** It came to nothing, so its place is free again. */
  giveUp(hasFailed: boolean): void;
}

/**
 * One attempt to connect: each of the endpoint's addresses in turn, within one time limit, of which each
 * gets an equal share of what is left. So an address that swallows packets does not hide the others.
 */
export class Dial implements DialHandler, PendingConnection {
  readonly #owner: DialOwner;
  readonly #settings: DialSettings;
  readonly #dialer: Dialer;
  readonly #waiter: ConnectionWaiter | StreamWaiter;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline;
  /** The owner's, as they were at the beginning. */
  readonly #targets: readonly DialTarget[];
  readonly #overAtMs: number;
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
    this.#targets = owner.targets;
    this.#triesLeft = owner.targets.length;
    this.#targetIndex = preferredTarget < owner.targets.length ? preferredTarget : 0;
    this.#deadlines = deadlines;
    this.#overAtMs = deadlines.baseMs() + settings.connectTimeoutMs;
    this.#deadline = new Deadline(deadlines, () => this.#expired());
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
    this.#owner.adopt(stream, alpn, this.#targets[this.#targetIndex] as DialTarget, this.#waiter);
  }

  onDialFailed(errorCode: string): void {
    if (this.#isOver) return;
    this.#note(errorCode);
    if (this.#triesLeft > 1) this.#dialAnother();
    else this.#fail(this.#worst.cause, this.#worst.detail);
  }

  #expired(): void {
    if (this.#triesLeft <= 1) return this.#fail("connect-timeout", "");
    this.#abandon();
    this.#note("ETIMEDOUT");
    this.#dialAnother();
  }

  #dialAnother(): void {
    this.#triesLeft--;
    this.#targetIndex = (this.#targetIndex + 1) % this.#targets.length;
    this.#dialNext();
  }

  /** Of several addresses' failures the one that got furthest says most. */
  #note(errorCode: string): void {
    const cause = causeOfDialFailure(errorCode, this.#settings);
    if (this.#worst === noFailure || rankOf(cause) > rankOf(this.#worst.cause))
      this.#worst = { cause, detail: errorCode };
  }

  #dialNext(): void {
    const target = this.#targets[this.#targetIndex] as DialTarget;
    const leftMs = Math.max(this.#overAtMs - this.#deadlines.baseMs(), 0);
    this.#deadline.set(leftMs / this.#triesLeft);
    const { tls, proxyProtocol, proxyTlvs } = this.#settings;
    const preamble = proxyProtocol === "off" ? null : this.#waiter.proxyHeader(proxyProtocol, proxyTlvs);
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

export function isSameTarget(a: DialTarget, b: DialTarget): boolean {
  if (a.kind === "unix") return b.kind === "unix" && a.path === b.path;
  return b.kind === "tcp" && a.address === b.address && a.port === b.port;
}

const noFailure: { readonly cause: Cause; readonly detail: string } = { cause: "connect-failed", detail: "" };

/** The causes of a failed dial, from the one that got least far. */
const dialCauses: readonly Cause[] = [
  "connect-refused",
  "connect-failed",
  "connect-timeout",
  "tls-failed",
  "websocket-unsupported",
];

function rankOf(cause: Cause): number {
  return dialCauses.indexOf(cause);
}

/** What a server says that speaks none of the protocols offered (RFC 7301 §3.2). */
const noProtocolAlert = "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL";

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

function causeOfDialFailure(errorCode: string, { tls, isForWebSocket }: DialSettings): Cause {
  if (errorCode === "ECONNREFUSED") return "connect-refused";
  if (errorCode === "ETIMEDOUT") return "connect-timeout";
  // Of HTTP/1.1, which the endpoint does not speak: nothing is wrong with it.
  if (isForWebSocket && errorCode === noProtocolAlert) return "websocket-unsupported";
  return tls !== null && !networkErrors.has(errorCode) ? "tls-failed" : "connect-failed";
}
