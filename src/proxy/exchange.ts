/**
 * One request and its response, from the parsed head to the last byte: DESIGN's steps 3 to 9.
 * It moves between phases, owns the attempts and the back-pressure, and decides nothing that the
 * error table, the route or the policy decides. Bytes and framing belong to the two sides.
 *
 *   admitting ─▶ selecting ─▶ sending ─▶ relaying ─▶ finished
 *                   ▲            │          └─▶ tunnelling ─▶ finished
 *                   └── retry ───┘
 */
import { Deadline } from "../core/deadlines.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Pool, RetrySettings } from "../upstream/pool.ts";
import type { Binding } from "../upstream/sticky/sticky.ts";
import type { QueueRefusal, QueueTicket, QueueWaiter } from "../upstream/request-queue.ts";
import type { ByteSource, OutgoingRequest } from "../upstream/upstream-stream.ts";
import { admit, outgoingRequest } from "./admission.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { Downstream } from "./downstream.ts";
import { ExchangeOutcome } from "./exchange-outcome.ts";
import { DiscardedResponse } from "./discarded-response.ts";
import { errorResponse, type LocalResponse, replacedResponse, sendLocalResponse } from "./local-response.ts";
import type { Mirror, MirrorCopy } from "./mirror.ts";
import { Pacer } from "./pacer.ts";
import type { ProxyContext } from "./proxy-context.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import { RequestScope } from "./request-scope.ts";
import { responseFieldLines } from "./response-lines.ts";
import { decideRetry, isIdempotent, isRepeatable, retryAfterMs } from "./retry-decision.ts";
import type { GateVerdict, Pace, RoutePlan } from "./route-plan.ts";

type Phase = "admitting" | "selecting" | "sending" | "relaying" | "tunnelling" | "finished";

/** What the one timer of an exchange is waiting for; the purposes exclude each other. */
type TimerPurpose = "none" | "gate" | "backoff" | "continue" | "hedge";

/** Above this many unsent bytes on one side, reading from the other pauses until they are gone. */
const highWaterBytes = 64 * 1024;
const noEndpoints: readonly Endpoint[] = [];
/** How long an endpoint may leave `Expect: 100-continue` unanswered before Headgate says 100 itself. */
const continueTimeoutMs = 1000;
/** Stale pooled connections met by one exchange before they count as failures. */
const staleRetriesMax = 8;

export class Exchange implements AttemptOwner, QueueWaiter {
  readonly outcome: ExchangeOutcome;
  readonly #context: ProxyContext;
  readonly #downstream: Downstream;
  readonly #head: RequestHead;
  readonly #startedMs: number;
  readonly #scope: RequestScope;

  #phase: Phase = "admitting";
  #plan: RoutePlan | null = null;
  #pool: Pool | null = null;
  #retry: RetrySettings | null = null;
  #key = "";
  /** The endpoint that the client is bound to. */
  #bound: Binding<Endpoint> = null;
  #outgoing: OutgoingRequest | null = null;
  #gatesPassed = 0;
  /** The attempt that answers, or the one in hand. */
  #attempt: Attempt | null = null;
  /** A second one that races it. */
  #hedge: Attempt | null = null;
  #tried: readonly Endpoint[] = noEndpoints;
  #staleCount = 0;
  #ticket: QueueTicket | null = null;
  #queuedMs = 0;
  #timer: Deadline | null = null;
  #timerPurpose: TimerPurpose = "none";
  #exchangeDeadline: Deadline | null = null;
  #replay: ReplayBuffer | null = null;
  #mirrorCopy: MirrorCopy | null = null;
  #requestPacer: Pacer | null = null;
  #responsePacer: Pacer | null = null;
  #requestTrailers = "";
  #isRequestComplete: boolean;
  #isRequestPaused = false;
  #hasSentContinue = false;
  #isResponsePaused = false;
  #isUpstreamEnded = false;
  /** The pool's limit on concurrency counts this exchange. */
  #isCountedByPool = false;

  constructor(context: ProxyContext, downstream: Downstream, head: RequestHead) {
    this.#context = context;
    this.#downstream = downstream;
    this.#head = head;
    this.#isRequestComplete =
      head.body.kind === "none" || (head.body.kind === "length" && head.body.bytes === 0);
    this.#startedMs = context.clock.nowMs();
    this.outcome = new ExchangeOutcome(head, downstream, context.clock, this.#startedMs);
    this.#scope = new RequestScope(head, downstream, context.clock, this.outcome);
    this.outcome.scope = this.#scope;
  }

  get isFinished(): boolean {
    return this.#phase === "finished";
  }

  // 3 admit, 4 route

  /** Limits of the listener hold where the route sets none. Infinity means no limit. */
  start(exchangeTimeoutMs: number, bodyBytesMax: number): void {
    const admission = admit(this.#head, this.#downstream, this.#context);
    if (admission.kind === "refuse") return this.#answer(admission.cause, "");
    if (admission.kind === "respond") return this.#answerLocally(admission.response);
    const plan = this.#context.router.route(this.#scope);
    if (plan === null) return this.#answer("no-route", "");
    if (plan === "unclear-path") return this.#answer("unclear-path", "");
    this.#plan = plan;
    this.outcome.routeName = plan.name;
    const { body } = this.#head;
    const bytesMax = plan.bodyBytesMax ?? bodyBytesMax;
    this.#downstream.setBodyLimit(bytesMax);
    if (body.kind === "length" && body.bytes > bytesMax) return this.#answer("body-too-large", "");
    const timeoutMs = plan.exchangeTimeoutMs ?? exchangeTimeoutMs;
    if (timeoutMs < Number.POSITIVE_INFINITY) this.#setExchangeDeadline(timeoutMs);
    if (plan.poolOf !== null) {
      const outgoing = outgoingRequest(
        this.#head,
        admission.fieldLines,
        admission.isContinueExpected,
        plan,
        this.#scope,
      );
      if (typeof outgoing === "string") return this.#answer(outgoing, "");
      this.#outgoing = outgoing;
    }
    if (plan.gates.length > 0) this.#passGates(plan);
    else this.#route(plan);
  }

  #passGates(plan: RoutePlan): void {
    const nowMs = this.#context.clock.nowMs();
    const resume = (verdict: GateVerdict): void => {
      if (this.#phase === "admitting" && this.#obey(verdict)) this.#passGates(plan);
    };
    while (this.#gatesPassed < plan.gates.length) {
      const verdict = plan.gates[this.#gatesPassed++]?.check(this.#scope, nowMs, resume) ?? null;
      if (verdict === "pending") return this.#pauseRequest();
      if (!this.#obey(verdict)) return;
    }
    this.#route(plan);
  }

  /** Returns true when the request may go on to the next gate at once. */
  #obey(verdict: GateVerdict): boolean {
    if (verdict === null) return true;
    if (verdict.kind === "delay") {
      this.#pauseRequest();
      this.#setTimer("gate", verdict.delayMs);
    } else if (verdict.kind === "respond") {
      this.#answerLocally(verdict.response);
    } else {
      this.#answer(verdict.cause, "", verdict.fieldLines, verdict.status);
    }
    return false;
  }

  #route(plan: RoutePlan): void {
    if (plan.respond !== null) return this.#answerLocally(plan.respond(this.#scope));
    const pool = plan.poolOf?.(this.#scope);
    if (pool === undefined) return this.#answer("no-route", "");
    this.#pool = pool;
    this.outcome.poolName = pool.settings.name;
    this.#retry = plan.retry === null ? pool.settings.retry : plan.retry(pool);
    const refusal = pool.overload?.admit(plan.importance) ?? null;
    if (refusal !== null)
      return this.#answer(refusal.cause, "", `Retry-After: ${refusal.retryAfterSeconds}\r\n`);
    this.#isCountedByPool = pool.overload !== null;
    if (pool.needsKey) this.#key = plan.keyOf(this.#scope, pool);
    if (pool.sticky !== null) this.#bound = pool.sticky.boundTo(this.#scope, this.#startedMs);
    pool.budget.requestStarted(this.#startedMs);
    if (plan.mirror !== null) this.#mirror(plan.mirror);
    if (plan.pace !== null) this.#setPace(plan.pace);
    if (this.#outgoing?.isContinueExpected === true) this.#setTimer("continue", continueTimeoutMs);
    this.#select(false);
  }

  #mirror(mirror: Mirror): void {
    this.#mirrorCopy = mirror.begin(this.#context, this.#outgoing as OutgoingRequest, this.#scope, this.outcome);
    if (this.#isRequestComplete) this.#mirrorCopy?.send("");
  }

  #setPace({ requestBytesPerSecond, responseBytesPerSecond }: Pace): void {
    const { clock, deadlines } = this.#context;
    if (requestBytesPerSecond < Number.POSITIVE_INFINITY) {
      this.#requestPacer = new Pacer(requestBytesPerSecond, clock, deadlines, () => this.#requestPaceDue());
    }
    if (responseBytesPerSecond < Number.POSITIVE_INFINITY) {
      this.#responsePacer = new Pacer(responseBytesPerSecond, clock, deadlines, () => {
        if (this.#downstream.backlog <= highWaterBytes) this.onDownstreamDrain();
      });
    }
  }

  /** Only where there is somebody to send to; else `onAttemptReady` resumes. */
  #requestPaceDue(): void {
    const upstream = this.#attempt?.upstream ?? null;
    if (upstream !== null && upstream.backlog <= highWaterBytes) this.onAttemptDrain();
  }

  // 5 select, 6 connect

  #select(isBudgeted: boolean): void {
    const pool = this.#pool as Pool;
    this.#phase = "selecting";
    // Whoever comes later must not overtake those who wait.
    const isOvertaking = pool.queue !== null && pool.queue.length > 0 && this.#ticket === null;
    const choice = isOvertaking ? "pool-full" : this.#takeEndpoint(pool);
    if (typeof choice !== "string") return this.#begin(choice, isBudgeted);
    if (choice === "pool-full" && pool.queue !== null && !isBudgeted) return this.#enqueue(pool);
    if (isBudgeted) pool.budget.finished();
    // Every endpoint was tried: the last failure says more than "none left".
    const last = this.outcome.failedAttempts.at(-1);
    this.#answer(last?.cause ?? choice, last?.detail ?? "");
  }

  /** An endpoint with a place taken on it. */
  #takeEndpoint(pool: Pool): Endpoint | Cause {
    if (this.#bound !== null) {
      const bound = this.#takeBound(this.#bound);
      if (bound !== null) return bound;
      if (pool.sticky?.isRejecting === true) return "sticky-unavailable";
    }
    for (;;) {
      const choice = pool.select(this.#key, this.#tried);
      // Another worker may have taken the last place since the policy looked.
      if (typeof choice === "string" || choice.tryStart()) return choice;
      this.#tried = [...this.#tried, choice];
    }
  }

  #takeBound(bound: Endpoint | "gone"): Endpoint | null {
    if (bound === "gone" || !bound.canServeBound || this.#tried.includes(bound)) return null;
    return bound.tryStart() ? bound : null;
  }

  #begin(endpoint: Endpoint, isBudgeted: boolean): void {
    const { log } = this.#context;
    const { outcome } = this;
    outcome.endpoint = endpoint;
    outcome.attemptCount++;
    if (log.isDebug) log.debug("endpoint chosen", { endpoint: endpoint.name, target: outcome.target });
    // Straight from the head to the first attempt no time passes worth asking for.
    const isImmediate = outcome.attemptCount === 1 && outcome.queueMs === 0 && this.#gatesPassed === 0;
    const nowMs = isImmediate ? this.#startedMs : this.#context.clock.nowMs();
    const attempt = new Attempt(this, this.#context, endpoint, isBudgeted, nowMs);
    this.#attempt = attempt;
    this.#connect(attempt, false);
  }

  #connect(attempt: Attempt, isFresh: boolean): void {
    const retry = this.#retry as RetrySettings;
    const isReady = attempt.connect(isFresh, isRepeatable(this.#head, retry), retry.attemptTimeoutMs);
    // Nothing to send to yet: do not take in more body than has arrived.
    if (!isReady && attempt === this.#attempt) this.#pauseRequest();
  }

  #enqueue(pool: Pool): void {
    this.#pauseRequest();
    this.#queuedMs = this.#context.clock.nowMs();
    const ticket =
      pool.queue?.enter(this, this.#plan?.importance ?? "normal", this.outcome.clientAddress) ?? "queue-full";
    if (ticket === "queue-full") this.#answer("queue-full", "");
    else this.#ticket = ticket;
  }

  /** QueueWaiter: a place may be free. */
  tryServe(): boolean {
    const choice = this.#takeEndpoint(this.#pool as Pool);
    if (choice === "pool-full") return false;
    this.#endWait();
    if (typeof choice === "string") this.#answer(choice, "");
    else this.#begin(choice, false);
    return true;
  }

  onRefused(refusal: QueueRefusal): void {
    this.#endWait();
    this.#answer(refusal === "queue-closed" ? "no-endpoint" : refusal, "");
  }

  #endWait(): void {
    this.#ticket = null;
    this.outcome.queueMs = this.#context.clock.nowMs() - this.#queuedMs;
  }

  // 7 send

  onAttemptReady(attempt: Attempt): void {
    this.#phase = "sending";
    attempt.sendHead(this.#outgoing as OutgoingRequest);
    const { upstream } = attempt;
    if (upstream !== null) this.#replay?.sendTo(upstream);
    if (this.#isRequestComplete) {
      upstream?.sendEnd(this.#requestTrailers);
      this.#considerHedge();
    }
    if (attempt !== this.#attempt || upstream === null) return;
    // At first the head waits for the body bytes of the same read; later nobody else would send it.
    if (this.#isRequestPaused || this.outcome.attemptCount > 1) upstream.flush();
    if (upstream.backlog <= highWaterBytes) this.#resumeRequest();
  }

  onRequestBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "finished") return;
    this.outcome.requestBodyBytes += end - start;
    if (this.#timerPurpose === "continue") this.#clearTimer();
    const upstream = this.#attempt?.upstream ?? null;
    if (this.#phase !== "tunnelling" && this.outcome.status === 0) {
      this.#replay ??= new ReplayBuffer(this.#retry?.replayBytesMax ?? 0);
      this.#replay.add(bytes, start, end, upstream === null);
    }
    this.#mirrorCopy?.add(bytes, start, end);
    if (this.#requestPacer?.passed(end - start) === true) this.#pauseRequest();
    if (upstream === null) return;
    upstream.sendBody(source, bytes, start, end);
    if (upstream.backlog > highWaterBytes) this.#pauseRequest();
  }

  onRequestEnd(trailers: string): void {
    if (this.#phase === "finished") return;
    this.#isRequestComplete = true;
    this.#requestTrailers = trailers;
    this.#attempt?.upstream?.sendEnd(trailers);
    this.#mirrorCopy?.send(trailers);
    if (this.#phase === "tunnelling" && this.#isUpstreamEnded) this.#finishTunnel();
  }

  onRequestFlush(): void {
    this.#attempt?.upstream?.flush();
  }

  onAttemptDrain(): void {
    this.#resumeRequest();
  }

  // 8 relay

  onAttemptInformational(attempt: Attempt, head: ResponseHead): void {
    if (attempt !== this.#attempt || (head.status === 100 && this.#hasSentContinue)) return;
    if (this.#timerPurpose === "continue") this.#clearTimer();
    if (this.#head.versionMinor === 1) {
      this.#downstream.sendInformational(head.status, head.reason, head.fields.forwardable);
    }
  }

  onAttemptHead(attempt: Attempt, head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void {
    if (this.#retry?.statuses.has(head.status) === true && this.#retryStatus(attempt, head)) return;
    this.#clearTimer();
    this.#settle(attempt);
    if (this.#plan?.errorPages?.replacesUpstream(head.status) === true) return this.#replaceByPage(attempt, head);
    const { outcome } = this;
    outcome.firstByteMs = this.#context.clock.nowMs() - this.#startedMs;
    outcome.connectMs = attempt.connectMs;
    outcome.status = head.status;
    outcome.responseHead = head;
    this.#replay = null;
    this.#phase = isUpgrade ? "tunnelling" : "relaying";
    if (isUpgrade) {
      outcome.isTunnel = true;
      this.#requestPacer = null;
      this.#responsePacer = null;
      // From here on the client's direction ends when the client says so.
      this.#isRequestComplete = false;
      this.#exchangeDeadline?.clear();
      attempt.endpoint.state.count("tunnels");
    }
    let fieldLines = responseFieldLines(head, body, isUpgrade);
    const edit = this.#plan?.editResponse ?? null;
    if (edit !== null) fieldLines = edit(fieldLines, this.#scope);
    fieldLines += this.#scope.responseLines;
    const sticky = this.#pool?.sticky ?? null;
    if (sticky !== null)
      fieldLines += sticky.answered(this.#scope, attempt.endpoint, this.#bound, this.#startedMs);
    this.#downstream.sendHead(head.status, head.reason, fieldLines, body, isUpgrade);
  }

  /** An endpoint's error that the route has a page for. */
  #replaceByPage(attempt: Attempt, head: ResponseHead): void {
    this.#attempt = null;
    const { outcome } = this;
    outcome.firstByteMs = this.#context.clock.nowMs() - this.#startedMs;
    outcome.status = head.status;
    outcome.responseHead = head;
    const onOver = (): void => this.#ended(attempt);
    new DiscardedResponse({ outcome, onReady() {}, onOver }, head.status).adopt(attempt);
    const response = replacedResponse(head, this.#context.clock);
    this.#answerLocally(this.#plan?.errorPages?.inPlaceOf(response, this.#scope) ?? response);
  }

  /** The first head wins: whoever races it is called off. */
  #settle(winner: Attempt): void {
    const loser = winner === this.#attempt ? this.#hedge : this.#attempt;
    this.#attempt = winner;
    this.#hedge = null;
    this.outcome.endpoint = winner.endpoint;
    if (loser !== null) this.#callOff(loser);
  }

  #callOff(attempt: Attempt): void {
    attempt.cancel();
    attempt.abandon(0, 0);
    this.#ended(attempt);
  }

  onAttemptBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "finished") return;
    this.outcome.responseBodyBytes += end - start;
    this.#downstream.sendBody(source, bytes, start, end);
    const isAheadOfPace = this.#responsePacer?.passed(end - start) === true;
    if ((isAheadOfPace || this.#downstream.backlog > highWaterBytes) && !this.#isResponsePaused) {
      this.#isResponsePaused = true;
      this.#attempt?.upstream?.pauseResponse();
    }
  }

  onAttemptFlush(): void {
    if (this.#phase === "relaying" || this.#phase === "tunnelling") this.#downstream.flush();
  }

  onDownstreamDrain(): void {
    if (!this.#isResponsePaused || this.#responsePacer?.isHolding === true) return;
    this.#isResponsePaused = false;
    this.#attempt?.upstream?.resumeResponse();
  }

  onAttemptEnd(attempt: Attempt, trailers: string): void {
    if (this.#phase === "tunnelling") {
      this.#isUpstreamEnded = true;
      this.#downstream.sendEnd("");
      if (this.#isRequestComplete) this.#finishTunnel();
      return;
    }
    attempt.upstream = null;
    this.#finish();
    this.#downstream.sendEnd(trailers);
  }

  #finishTunnel(): void {
    const attempt = this.#attempt;
    attempt?.upstream?.finishTunnel();
    if (attempt !== null) attempt.upstream = null;
    this.#finish();
    this.#downstream.sendEnd("");
  }

  // Failures and further attempts

  onAttemptFailed(attempt: Attempt, cause: Cause, detail: string): void {
    if (this.#phase === "relaying" || this.#phase === "tunnelling") return this.#breakOff(cause, detail);
    const decision = decideRetry(cause, this.#facts(), this.#retry as RetrySettings);
    if (decision === "fresh-connection" && this.#staleCount++ < staleRetriesMax) {
      attempt.endpoint.state.count("staleConnections");
      return this.#connect(attempt, true);
    }
    this.#noteFailure(attempt, cause, detail);
    // The other one may still answer.
    if (this.#hedge !== null) {
      if (attempt === this.#attempt) this.#attempt = this.#hedge;
      this.#hedge = null;
      return;
    }
    this.#attempt = null;
    if (decision === "give-up") return this.#answer(cause, detail);
    this.#another(cause, detail);
  }

  #noteFailure(attempt: Attempt, cause: Cause, detail: string): void {
    const durationMs = this.#context.clock.nowMs() - attempt.startedMs;
    this.outcome.failed({ endpoint: attempt.endpoint.name, cause, detail, durationMs });
    attempt.release(0, errorRow(cause).isBlamed, 0, 0, this.#context.clock.nowMs());
    this.#ended(attempt);
    this.#tried = [...this.#tried, attempt.endpoint];
  }

  /** One more attempt, if the budget allows, after the back-off. */
  #another(cause: Cause, detail: string): void {
    const pool = this.#pool as Pool;
    if (!pool.budget.tryStart(this.#context.clock.nowMs()))
      return this.#answer(cause, `${detail} (retry budget spent)`);
    this.#tried.at(-1)?.state.count("retries");
    const delayMs = pool.backoffMs(this.outcome.attemptCount);
    if (delayMs === 0) return this.#select(true);
    this.#phase = "selecting";
    this.#pauseRequest();
    this.#setTimer("backoff", delayMs);
  }

  /** A listed status is thrown away while another attempt may follow. */
  #retryStatus(attempt: Attempt, head: ResponseHead): boolean {
    if (decideRetry("retried-status", this.#facts(), this.#retry as RetrySettings) !== "another-endpoint")
      return false;
    if (this.#retry?.isRetryAfterRespected === true)
      attempt.endpoint.rest(retryAfterMs(head, this.outcome.startedWallMs));
    attempt.cancel();
    this.onAttemptFailed(attempt, "retried-status", String(head.status));
    return true;
  }

  #facts(): { method: string; attemptCount: number; isBodyReplayable: boolean } {
    return {
      method: this.#head.method,
      attemptCount: this.outcome.attemptCount,
      isBodyReplayable: this.#replay?.isComplete ?? true,
    };
  }

  /** Idempotent reads may be raced when the pool asks for it. */
  #considerHedge(): void {
    const delayMs = this.#pool?.hedgeDelayMs() ?? null;
    if (delayMs === null || this.#hedge !== null || this.outcome.attemptCount > 1) return;
    if (isIdempotent(this.#head.method) && this.#head.body.kind === "none") this.#setTimer("hedge", delayMs);
  }

  #startHedge(): void {
    const pool = this.#pool as Pool;
    const first = this.#attempt;
    if (first === null || this.#phase !== "sending") return;
    if (!pool.budget.tryStart(this.#context.clock.nowMs())) return;
    const endpoint = pool.select(this.#key, [...this.#tried, first.endpoint]);
    if (typeof endpoint === "string" || !endpoint.tryStart()) return pool.budget.finished();
    this.outcome.attemptCount++;
    endpoint.state.count("hedges");
    this.#hedge = new Attempt(this, this.#context, endpoint, true, this.#context.clock.nowMs());
    this.#connect(this.#hedge, false);
  }

  /** The client's side is gone or misbehaved; `cause` says which. */
  onDownstreamFailed(cause: Cause, detail: string): void {
    if (this.#phase === "finished") return;
    const { status } = errorRow(cause);
    if (status !== null && this.outcome.status === 0) return this.#answer(cause, detail);
    this.#note(cause, detail);
    if (this.outcome.status === 0) this.outcome.status = 499;
    this.#finish();
    this.#downstream.abort();
  }

  /** The response has begun and cannot be completed: the client must see it broken. */
  #breakOff(cause: Cause, detail: string): void {
    this.#note(cause, detail);
    this.#finish();
    this.#downstream.abort();
  }

  #note(cause: Cause, detail: string): void {
    this.outcome.cause = cause;
    this.outcome.detail = detail;
  }

  #answer(cause: Cause, detail: string, moreFieldLines = "", status: number | null = null): void {
    this.#note(cause, detail);
    const response = errorResponse(cause, this.#context.isCauseShown, this.#context.clock, status);
    if (response === null) return this.#breakOff(cause, detail);
    this.outcome.status = response.status;
    const whole = moreFieldLines === "" ? response : { ...response, fieldLines: response.fieldLines + moreFieldLines };
    this.#answerLocally(this.#plan?.errorPages?.inPlaceOf(whole, this.#scope) ?? whole);
  }

  #answerLocally(response: LocalResponse): void {
    this.outcome.status = response.status;
    this.#stopAttempts();
    const edit = this.#plan?.editResponse ?? null;
    const fieldLines = edit === null ? response.fieldLines : edit(response.fieldLines, this.#scope);
    this.outcome.responseBodyBytes = sendLocalResponse(
      { ...response, fieldLines },
      this.#downstream,
      this.#head.method,
    );
    this.#finish();
    this.#downstream.sendEnd("");
  }

  // Timers and pauses

  #setExchangeDeadline(delayMs: number): void {
    this.#exchangeDeadline = new Deadline(this.#context.deadlines, () => {
      if (this.#phase === "relaying") this.#breakOff("exchange-timeout", "");
      else this.#answer("exchange-timeout", "");
    });
    this.#exchangeDeadline.set(delayMs);
  }

  #setTimer(purpose: TimerPurpose, delayMs: number): void {
    this.#timerPurpose = purpose;
    this.#timer ??= new Deadline(this.#context.deadlines, () => this.#timerExpired());
    this.#timer.set(delayMs);
  }

  #clearTimer(): void {
    this.#timerPurpose = "none";
    this.#timer?.clear();
  }

  #timerExpired(): void {
    const purpose = this.#timerPurpose;
    this.#timerPurpose = "none";
    switch (purpose) {
      case "gate":
        return this.#passGates(this.#plan as RoutePlan);
      case "backoff":
        return this.#select(true);
      case "hedge":
        return this.#startHedge();
      case "continue":
        this.#hasSentContinue = true;
        return this.#downstream.sendInformational(100, "Continue", "");
      case "none":
        return;
    }
  }

  #pauseRequest(): void {
    if (this.#isRequestComplete && this.#phase !== "tunnelling") return;
    this.#isRequestPaused = true;
    this.#downstream.pauseRequest();
  }

  #resumeRequest(): void {
    if (!this.#isRequestPaused || this.#requestPacer?.isHolding === true) return;
    this.#isRequestPaused = false;
    this.#downstream.resumeRequest();
  }

  // 9 finish

  #finish(): void {
    if (this.#phase === "finished") return;
    this.#phase = "finished";
    this.#timer?.dispose();
    this.#exchangeDeadline?.dispose();
    this.#requestPacer?.dispose();
    this.#responsePacer?.dispose();
    this.#replay = null;
    this.#mirrorCopy = null;
    const nowMs = this.#context.clock.nowMs();
    this.outcome.durationMs = nowMs - this.#startedMs;
    this.#releaseWinner(nowMs);
    this.#stopAttempts();
    if (this.#isCountedByPool) {
      const isSample =
        this.outcome.firstByteMs !== null && this.outcome.status < 500 && !this.outcome.isTunnel;
      this.#pool?.overload?.finished(this.#startedMs, isSample);
    }
    if (this.#plan?.isUncounted !== true) this.#context.onExchangeFinished(this.outcome);
  }

  /** Tells the endpoint that answered how it went. */
  #releaseWinner(nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt === null || this.outcome.firstByteMs === null) return;
    const { outcome } = this;
    const row = outcome.cause === null ? null : errorRow(outcome.cause);
    if (outcome.isTunnel || (row !== null && !row.isBlamed)) {
      attempt.abandon(outcome.responseBodyBytes, outcome.requestBodyBytes);
    } else {
      const isFailure = row !== null || outcome.status >= 500;
      attempt.release(outcome.status, isFailure, outcome.responseBodyBytes, outcome.requestBodyBytes, nowMs);
    }
  }

  /** Calls off whatever is under way and stops waiting. */
  #stopAttempts(): void {
    if (this.#ticket !== null) {
      this.#pool?.queue?.cancel(this.#ticket);
      this.#ticket = null;
    }
    const attempt = this.#attempt;
    const hedge = this.#hedge;
    this.#attempt = null;
    this.#hedge = null;
    if (attempt !== null) this.#callOff(attempt);
    if (hedge !== null) this.#callOff(hedge);
  }

  #ended(attempt: Attempt): void {
    if (attempt.isBudgeted) this.#pool?.budget.finished();
    this.#pool?.queue?.serve();
  }
}
