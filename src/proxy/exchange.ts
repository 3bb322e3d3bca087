/**
 * One request and its response, from the parsed head to the last byte: DESIGN's steps 3 to 9.
 * It moves between phases, owns the attempts and the back-pressure, and decides nothing that the
 * error table, the route or the policy decides. Bytes and framing belong to the two sides.
 *
 *   admitting ─▶ connecting ─▶ sending ─▶ relaying ─▶ finished
 *                   ▲             │          └─▶ tunnelling ─▶ finished
 *                   └── retry ────┘
 */
import { Deadline } from "../core/deadlines.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ConnectionWaiter, PendingConnection } from "../upstream/connection-pool.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Pool } from "../upstream/pool.ts";
import type { ByteSource, OutgoingRequest, UpstreamStream } from "../upstream/upstream-stream.ts";
import { admit } from "./admission.ts";
import type { Downstream } from "./downstream.ts";
import type { ExchangeRecord, FailedAttempt } from "./exchange-record.ts";
import { errorResponse, type LocalResponse } from "./local-response.ts";
import type { ProxyContext } from "./proxy-context.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import { decideRetry } from "./retry-decision.ts";

type Phase = "admitting" | "connecting" | "sending" | "relaying" | "tunnelling" | "finished";

/** Above this many unsent bytes on one side, reading from the other pauses until they are gone. */
const highWaterBytes = 64 * 1024;
const noAttempts: readonly FailedAttempt[] = [];
const noEndpoints: readonly Endpoint[] = [];
/** How long an endpoint may leave `Expect: 100-continue` unanswered before Headgate says 100 itself. */
const continueTimeoutMs = 1000;
/** Stale pooled connections met by one exchange before they count as failures. */
const staleRetriesMax = 8;

export class Exchange implements ConnectionWaiter, ExchangeRecord {
  readonly #context: ProxyContext;
  readonly #downstream: Downstream;
  readonly #head: RequestHead;
  readonly listenerName: string;
  readonly startedWallMs: number;
  readonly #startedMs: number;

  #phase: Phase = "admitting";
  #pool: Pool | null = null;
  #key = "";
  #outgoing: OutgoingRequest | null = null;
  #upstream: UpstreamStream | null = null;
  #pending: PendingConnection | null = null;
  #deadline: Deadline | null = null;
  #replay: ReplayBuffer | null = null;
  #requestTrailers = "";
  #isRequestComplete: boolean;
  #isContinueAwaited = false;
  #hasSentContinue = false;
  #isPausedForConnection = false;
  /** The endpoint counts this exchange as active. */
  #isHoldingEndpoint = false;
  #isResponsePaused = false;
  #isUpstreamEnded = false;
  #attemptCount = 0;
  #staleCount = 0;
  #attemptStartedMs = 0;
  #tried: readonly Endpoint[] = noEndpoints;

  endpoint: Endpoint | null = null;
  status = 0;
  cause: Cause | null = null;
  detail = "";
  failedAttempts: readonly FailedAttempt[] = noAttempts;
  requestBodyBytes = 0;
  responseBodyBytes = 0;
  durationMs = 0;
  firstByteMs: number | null = null;
  /** Left out of counters and logs (the demo's favicon and statistics). */
  isUncounted = false;

  constructor(context: ProxyContext, downstream: Downstream, head: RequestHead, listenerName: string) {
    this.#context = context;
    this.#downstream = downstream;
    this.#head = head;
    this.listenerName = listenerName;
    this.#isRequestComplete = head.body.kind === "none" || (head.body.kind === "length" && head.body.bytes === 0);
    this.#startedMs = context.clock.nowMs();
    this.startedWallMs = context.clock.wallMs();
  }

  get method(): string {
    return this.#head.method;
  }
  get target(): string {
    return this.#head.target;
  }
  get host(): string {
    return this.#head.host;
  }
  get versionMinor(): 0 | 1 {
    return this.#head.versionMinor;
  }
  get clientAddress(): string {
    return this.#downstream.clientAddress(this.#head);
  }
  get poolName(): string {
    return this.#pool?.settings.name ?? "";
  }
  get isFinished(): boolean {
    return this.#phase === "finished";
  }
  header(lowerName: string): string | undefined {
    return this.#head.fields.get(lowerName);
  }

  // 3 admit, 4 route

  start(exchangeTimeoutMs: number): void {
    const admission = admit(this.#head, this.#downstream, this.#context);
    if ("cause" in admission) {
      this.#answer(admission.cause, "");
      return;
    }
    if ("response" in admission) {
      this.isUncounted = admission.isUncounted;
      this.#answerLocally(admission.response);
      return;
    }
    this.#pool = admission.pool;
    this.#key = admission.key;
    this.#outgoing = admission.outgoing;
    if (exchangeTimeoutMs < Number.POSITIVE_INFINITY) this.#setDeadline(exchangeTimeoutMs);
    else if (admission.isContinueExpected) this.#awaitContinue();
    this.#attempt();
  }

  // 5 select, 6 connect

  #attempt(): void {
    const pool = this.#pool as Pool;
    this.#phase = "connecting";
    for (;;) {
      const choice = pool.select(this.#key, this.#tried);
      if (typeof choice === "string") {
        // Every endpoint was tried: the last failure says more than "none left".
        const last = this.failedAttempts.at(-1);
        this.#answer(last?.cause ?? choice, last?.detail ?? "");
        return;
      }
      // Another worker may have taken the last place since the policy looked.
      if (!choice.state.tryStartRequest()) {
        this.#tried = [...this.#tried, choice];
        continue;
      }
      this.endpoint = choice;
      this.#isHoldingEndpoint = true;
      this.#attemptCount++;
      this.#connect(choice, false);
      return;
    }
  }

  #connect(endpoint: Endpoint, isFresh: boolean): void {
    this.#attemptStartedMs = this.#context.clock.nowMs();
    if (this.#context.log.isDebug) this.#context.log.debug("endpoint chosen", { endpoint: endpoint.name, target: this.target });
    const stream = isFresh ? null : endpoint.connections.takeIdle(this);
    if (stream !== null) {
      this.onUpstreamReady(stream);
      return;
    }
    // Nothing to send to yet: do not take in more body than has arrived.
    if (!this.#isRequestComplete) {
      this.#isPausedForConnection = true;
      this.#downstream.pauseRequest();
    }
    this.#pending = endpoint.connections.dial(this);
  }

  // 7 send

  onUpstreamReady(stream: UpstreamStream): void {
    this.#pending = null;
    this.#upstream = stream;
    this.#phase = "sending";
    const { settings } = this.endpoint as Endpoint;
    const outgoing = this.#outgoing as OutgoingRequest;
    const host = settings.hostHeader ?? (outgoing.host === "" ? settings.fallbackHost : outgoing.host);
    stream.sendHead(host === outgoing.host ? outgoing : withHost(outgoing, host));
    this.#replay?.sendTo(stream);
    if (this.#isRequestComplete) stream.sendEnd(this.#requestTrailers);
    if (!this.#isPausedForConnection) return;
    this.#isPausedForConnection = false;
    stream.flush();
    this.#downstream.resumeRequest();
  }

  onRequestBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "finished") return;
    this.requestBodyBytes += end - start;
    this.#isContinueAwaited = false;
    const upstream = this.#upstream;
    if (this.#phase !== "tunnelling" && this.status === 0) {
      this.#replay ??= new ReplayBuffer(this.#pool?.settings.retry.replayBytesMax ?? 0);
      this.#replay.add(bytes, start, end, upstream === null);
    }
    if (upstream === null) return;
    upstream.sendBody(source, bytes, start, end);
    if (upstream.backlog > highWaterBytes) this.#downstream.pauseRequest();
  }

  onRequestEnd(trailers: string): void {
    if (this.#phase === "finished") return;
    this.#isRequestComplete = true;
    this.#requestTrailers = trailers;
    this.#upstream?.sendEnd(trailers);
    if (this.#phase === "tunnelling" && this.#isUpstreamEnded) this.#finishTunnel();
  }

  onRequestFlush(): void {
    this.#upstream?.flush();
  }

  onUpstreamDrain(): void {
    if (!this.#isRequestComplete || this.#phase === "tunnelling") this.#downstream.resumeRequest();
  }

  // 8 relay

  onInformational(head: ResponseHead): void {
    if (head.status === 100 && this.#hasSentContinue) return;
    if (head.status === 100) this.#isContinueAwaited = false;
    if (this.#head.versionMinor === 1) this.#downstream.sendInformational(head.status, head.reason, head.fields.forwardable);
  }

  onResponseHead(head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void {
    const pool = this.#pool as Pool;
    if (pool.settings.retry.statuses.has(head.status) && this.#retryAfterStatus(head.status)) return;
    this.#isContinueAwaited = false;
    this.firstByteMs = this.#context.clock.nowMs() - this.#startedMs;
    this.status = head.status;
    this.#replay = null;
    this.#phase = isUpgrade ? "tunnelling" : "relaying";
    let { forwardable } = head.fields;
    if (isUpgrade) forwardable += `Connection: Upgrade\r\nUpgrade: ${head.fields.upgrade}\r\n`;
    // A response to HEAD, and 304, tell the length that the body would have had.
    else if (body.kind === "none" && head.status !== 204 && head.fields.contentLengthCount === 1) {
      forwardable += `Content-Length: ${head.fields.contentLength}\r\n`;
    }
    if (isUpgrade) {
      this.#deadline?.clear();
      this.endpoint?.state.count("tunnels");
    }
    this.#downstream.sendHead(head.status, head.reason, forwardable, body, isUpgrade);
  }

  onResponseBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "finished") return;
    this.responseBodyBytes += end - start;
    this.#downstream.sendBody(source, bytes, start, end);
    if (this.#downstream.backlog > highWaterBytes && !this.#isResponsePaused) {
      this.#isResponsePaused = true;
      this.#upstream?.pauseResponse();
    }
  }

  onResponseFlush(): void {
    if (this.#phase === "relaying" || this.#phase === "tunnelling") this.#downstream.flush();
  }

  onDownstreamDrain(): void {
    if (!this.#isResponsePaused) return;
    this.#isResponsePaused = false;
    this.#upstream?.resumeResponse();
  }

  onResponseEnd(trailers: string): void {
    if (this.#phase === "tunnelling") {
      this.#isUpstreamEnded = true;
      this.#downstream.sendEnd("");
      if (this.#isRequestComplete) this.#finishTunnel();
      return;
    }
    this.#upstream = null;
    this.#finish();
    this.#downstream.sendEnd(trailers);
  }

  #finishTunnel(): void {
    this.#upstream?.cancel();
    this.#upstream = null;
    this.#finish();
    this.#downstream.sendEnd("");
  }

  // Failures

  onUpstreamFailed(cause: Cause, detail: string): void {
    this.#pending = null;
    this.#upstream = null;
    if (this.#phase === "relaying" || this.#phase === "tunnelling") {
      this.#breakOff(cause, detail);
      return;
    }
    this.#attemptFailed(cause, detail);
  }

  #attemptFailed(cause: Cause, detail: string): void {
    const endpoint = this.endpoint as Endpoint;
    const durationMs = this.#context.clock.nowMs() - this.#attemptStartedMs;
    const failure: FailedAttempt = { endpoint: endpoint.name, cause, detail, durationMs };
    const decision = decideRetry(
      cause,
      { method: this.method, attemptCount: this.#attemptCount, isBodyReplayable: this.#replay?.isComplete ?? true },
      (this.#pool as Pool).settings.retry,
    );
    if (decision === "fresh-connection" && this.#staleCount++ < staleRetriesMax) {
      endpoint.state.count("staleConnections");
      this.#connect(endpoint, true);
      return;
    }
    this.failedAttempts = [...this.failedAttempts, failure];
    this.#releaseEndpoint(endpoint, 0, durationMs, errorRow(cause).isBlamed);
    if (decision === "give-up") {
      this.#answer(cause, detail);
      return;
    }
    endpoint.state.count("retries");
    this.#tried = [...this.#tried, endpoint];
    this.#attempt();
  }

  /** A listed status is thrown away while another attempt may follow. */
  #retryAfterStatus(status: number): boolean {
    const { settings } = this.#pool as Pool;
    const facts = { method: this.method, attemptCount: this.#attemptCount, isBodyReplayable: this.#replay?.isComplete ?? true };
    if (decideRetry("reset-before-head", facts, settings.retry) !== "another-endpoint") return false;
    this.#upstream?.cancel();
    this.#upstream = null;
    this.#attemptFailed("retried-status", String(status));
    return true;
  }

  /** The client's side is gone or misbehaved; `cause` says which. */
  onDownstreamFailed(cause: Cause, detail: string): void {
    if (this.#phase === "finished") return;
    this.#pending?.cancel();
    this.#pending = null;
    this.#upstream?.cancel();
    this.#upstream = null;
    const { status } = errorRow(cause);
    if (status !== null && this.status === 0) {
      this.#answer(cause, detail);
      return;
    }
    this.cause = cause;
    this.detail = detail;
    if (this.status === 0) this.status = 499;
    this.#finish();
    this.#downstream.abort();
  }

  /** The response has begun and cannot be completed: the client must see it broken. */
  #breakOff(cause: Cause, detail: string): void {
    this.cause = cause;
    this.detail = detail;
    this.#upstream?.cancel();
    this.#upstream = null;
    this.#finish();
    this.#downstream.abort();
  }

  #answer(cause: Cause, detail: string): void {
    this.cause = cause;
    this.detail = detail;
    const response = errorResponse(cause, this.#context.isCauseShown, this.#context.clock);
    if (response === null) this.#breakOff(cause, detail);
    else this.#answerLocally(response);
  }

  #answerLocally(response: LocalResponse): void {
    const body = Buffer.from(response.body, "utf8");
    this.status = response.status;
    const isBodiless = response.status === 204;
    const framing: BodyFraming = isBodiless ? { kind: "none" } : { kind: "length", bytes: body.length };
    this.#downstream.sendHead(response.status, response.reason, response.fieldLines, framing, false);
    if (!isBodiless && this.method !== "HEAD") {
      this.responseBodyBytes = body.length;
      this.#downstream.sendBody(ownMemory, body, 0, body.length);
    }
    this.#finish();
    this.#downstream.sendEnd("");
  }

  // Deadlines

  #setDeadline(delayMs: number): void {
    this.#deadline = new Deadline(this.#context.deadlines, () => this.#expired());
    this.#deadline.set(delayMs);
  }

  #awaitContinue(): void {
    this.#isContinueAwaited = true;
    this.#setDeadline(continueTimeoutMs);
  }

  #expired(): void {
    if (this.#isContinueAwaited) {
      this.#isContinueAwaited = false;
      this.#hasSentContinue = true;
      this.#downstream.sendInformational(100, "Continue", "");
      return;
    }
    this.#pending?.cancel();
    this.#pending = null;
    if (this.#phase === "relaying") {
      this.#breakOff("exchange-timeout", "");
      return;
    }
    this.#upstream?.cancel();
    this.#upstream = null;
    this.#answer("exchange-timeout", "");
  }

  // 9 finish

  #finish(): void {
    if (this.#phase === "finished") return;
    const wasTunnel = this.#phase === "tunnelling";
    this.#phase = "finished";
    this.#deadline?.dispose();
    this.#replay = null;
    const nowMs = this.#context.clock.nowMs();
    this.durationMs = nowMs - this.#startedMs;
    this.#observe(nowMs, wasTunnel);
    if (!this.isUncounted) this.#context.onExchangeFinished(this);
  }

  /** Tells the endpoint's state how it went, unless a failed attempt already did. */
  #observe(nowMs: number, wasTunnel: boolean): void {
    const endpoint = this.endpoint;
    if (endpoint === null || !this.#isHoldingEndpoint) return;
    const row = this.cause === null ? null : errorRow(this.cause);
    if (wasTunnel || (row !== null && !row.isBlamed)) {
      this.#isHoldingEndpoint = false;
      endpoint.state.requestAbandoned(this.responseBodyBytes, this.requestBodyBytes);
    } else {
      this.#releaseEndpoint(endpoint, Math.floor(this.status / 100), nowMs - this.#attemptStartedMs, row !== null || this.status >= 500);
    }
  }

  #releaseEndpoint(endpoint: Endpoint, statusClass: number, latencyMs: number, isFailure: boolean): void {
    this.#isHoldingEndpoint = false;
    endpoint.state.requestFinished(
      statusClass,
      latencyMs,
      isFailure,
      this.responseBodyBytes,
      this.requestBodyBytes,
      this.#context.clock.nowMs(),
    );
  }
}

const ownMemory: ByteSource = { isReadBufferShared: false, replaceReadBuffer() {} };

function withHost(request: OutgoingRequest, host: string): OutgoingRequest {
  const { method, target, fieldLines, body, upgrade, isTrailersAccepted } = request;
  return { method, target, host, fieldLines, body, upgrade, isTrailersAccepted };
}
