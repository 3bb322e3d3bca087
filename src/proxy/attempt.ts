/**
 * One try of an exchange at one endpoint: holds the endpoint's place, connects, and passes on what the
 * upstream side tells. Whether another try follows is the exchange's business.
 */
import type { Clock } from "../core/clock.ts";
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import type { AttemptTrace } from "../observability/tracing/exchange-trace.ts";
import type { ProxyEnd } from "../listener/proxy-protocol.ts";
import { tlvsFor } from "../listener/proxy-own-tlvs.ts";
import { encodeProxyHeader } from "../listener/proxy-protocol-writer.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ConnectionWaiter, PendingConnection } from "../upstream/dial.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { ByteSource, OutgoingRequest, UpstreamStream } from "../upstream/upstream-stream.ts";
import { toldClient } from "./told-client.ts";

/** What an attempt needs of its worker. */
export interface AttemptContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  onSuspect(endpointKey: string): void;
}

/** The exchange, as its attempts see it. */
export interface AttemptOwner {
  /** Knows the client's connection, of which endpoints may be told by a PROXY header. */
  readonly outcome: { fact(name: ExchangeFact): string | number | undefined };
  onAttemptReady(attempt: Attempt): void;
  onAttemptInformational(attempt: Attempt, head: ResponseHead): void;
  onAttemptHead(attempt: Attempt, head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void;
  onAttemptBody(source: ByteSource, bytes: Buffer, start: number, end: number): void;
  onAttemptEnd(attempt: Attempt, trailers: string): void;
  onAttemptFlush(): void;
  onAttemptDrain(): void;
  /** The attempt is over; it still holds its endpoint until `release` or `abandon`. */
  onAttemptFailed(attempt: Attempt, cause: Cause, detail: string): void;
}

export class Attempt implements ConnectionWaiter {
  readonly endpoint: Endpoint;
  /** Counts against the retry budget. */
  readonly isBudgeted: boolean;
  startedMs: number;
  /** From the start to an established connection; null for a pooled one. */
  connectMs: number | null = null;
  upstream: UpstreamStream | null = null;
  /** May be replaced by one who takes the attempt over. */
  owner: AttemptOwner;
  isWebSocket = false;
  /** It failed over HTTP/2 only: over HTTP/1.1 the same endpoint may take it. */
  isOwedHttp1 = false;
  /** The endpoint has not looked at it, but at others before it: it may go on asking. */
  isInTurn = false;
  /** Notes for a span; null unless one is wanted. */
  trace: AttemptTrace | null = null;
  readonly #context: AttemptContext;
  #pending: PendingConnection | null = null;
  #deadline: Deadline | null = null;
  #isHolding = true;

  /** The endpoint has counted the request already (`tryStartRequest`). */
  constructor(
    owner: AttemptOwner,
    context: AttemptContext,
    endpoint: Endpoint,
    isBudgeted: boolean,
    nowMs: number,
  ) {
    this.owner = owner;
    this.#context = context;
    this.endpoint = endpoint;
    this.isBudgeted = isBudgeted;
    this.startedMs = nowMs;
  }

  /**
   * Returns true when a pooled connection was at hand; `onAttemptReady` has been called then.
   * `isRepeatable`: should the connection turn out to be dead, the request can be sent again.
   */
  connect(isFresh: boolean, isRepeatable: boolean, timeoutMs: number): boolean {
    this.isOwedHttp1 = false;
    this.isInTurn = false;
    if (timeoutMs < Number.POSITIVE_INFINITY) this.#setDeadline(timeoutMs);
    const stream = isFresh ? null : this.endpoint.connections.takeIdle(this, isRepeatable);
    if (stream !== null) {
      this.upstream = stream;
      this.owner.onAttemptReady(this);
      return true;
    }
    this.#pending = this.endpoint.connections.dial(this);
    return false;
  }

  /** Sends the head with the Host that this endpoint wants. */
  sendHead(outgoing: OutgoingRequest): void {
    const { facts } = this.endpoint;
    const host = facts.hostHeader ?? (outgoing.host === "" ? facts.fallbackHost : outgoing.host);
    if (this.trace !== null) {
      const fieldLines = this.trace.retarget(outgoing.fieldLines);
      this.upstream?.sendHead({ ...outgoing, host, fieldLines });
    } else this.upstream?.sendHead(host === outgoing.host ? outgoing : { ...outgoing, host });
  }

  /** Ends it from this side. The endpoint is still held. */
  cancel(): void {
    this.#deadline?.dispose();
    this.#pending?.cancel();
    this.#pending = null;
    this.upstream?.cancel();
    this.upstream = null;
  }

  /** Gives the endpoint back with a verdict; `status` is 0 when there was no response. */
  release(status: number, isFailure: boolean, bytesIn: number, bytesOut: number, nowMs: number): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.trace?.ended(nowMs, status, this.connectMs);
    const { state, facts } = this.endpoint;
    state.requestFinished(status, nowMs - this.startedMs, isFailure, bytesIn, bytesOut, nowMs);
    this.endpoint.attempted(status !== 0);
    if (isFailure && state.failuresInRow % facts.suspectAfter === 0) this.#context.onSuspect(facts.key);
  }

  /** Gives the endpoint back without one: the client left, a hedge lost, a tunnel closed. */
  abandon(bytesIn: number, bytesOut: number): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.trace?.ended(this.#context.clock.nowMs(), 0, this.connectMs);
    this.endpoint.state.requestAbandoned(bytesIn, bytesOut);
  }

  // ConnectionWaiter: what the upstream side tells.

  proxyHeader(version: "v1" | "v2", tlvs: readonly ProxyTlvName[]): Uint8Array {
    const { outcome } = this.owner;
    const endOf = (address: ExchangeFact, port: ExchangeFact): ProxyEnd => ({
      address: String(outcome.fact(address)),
      port: Number(outcome.fact(port)),
    });
    const ends = {
      source: endOf("peer.address", "client.port"),
      destination: endOf("listener.address", "listener.port"),
    };
    const told = version === "v1" ? [] : tlvsFor(tlvs, toldClient(outcome), []);
    return encodeProxyHeader(version, ends, told, tlvs.includes("crc32c"));
  }

  onUpstreamReady(stream: UpstreamStream): void {
    this.#pending = null;
    this.upstream = stream;
    this.connectMs = this.#context.clock.nowMs() - this.startedMs;
    this.owner.onAttemptReady(this);
  }

  onInformational(head: ResponseHead): void {
    this.owner.onAttemptInformational(this, head);
  }

  onResponseHead(head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void {
    this.#deadline?.dispose();
    this.owner.onAttemptHead(this, head, body, isUpgrade);
  }

  onResponseBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    this.owner.onAttemptBody(source, bytes, start, end);
  }

  onResponseEnd(trailers: string): void {
    this.owner.onAttemptEnd(this, trailers);
  }

  onResponseFlush(): void {
    this.owner.onAttemptFlush();
  }

  onUpstreamDrain(): void {
    this.owner.onAttemptDrain();
  }

  onUpstreamFailed(cause: Cause, detail: string): void {
    this.#deadline?.dispose();
    this.#pending = null;
    const { upstream } = this;
    this.upstream = null;
    this.isInTurn = cause === "stream-unprocessed" && upstream?.isQueueMoving === true;
    // Without a stream it was the connection of HTTP/1.1 itself that could not be had.
    this.isOwedHttp1 =
      cause === "websocket-unsupported" &&
      upstream !== null &&
      this.endpoint.connections.keepWebSocketsOffHttp2();
    this.owner.onAttemptFailed(this, cause, detail);
  }

  #setDeadline(timeoutMs: number): void {
    this.#deadline ??= new Deadline(this.#context.deadlines, () => this.#expired());
    this.#deadline.set(timeoutMs);
  }

  #expired(): void {
    this.cancel();
    this.owner.onAttemptFailed(this, "attempt-timeout", "");
  }
}
