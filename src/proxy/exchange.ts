/**
 * One request and its response, from the parsed head to the last byte: DESIGN's steps 3 to 9.
 * It moves between phases, owns the back-pressure, and decides nothing that the error table, the route
 * or the policy decides. Its attempts are a series of their own; bytes and framing belong to the sides.
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
import type { Pool } from "../upstream/pool.ts";
import type { Binding } from "../upstream/sticky/sticky.ts";
import type { ByteSource, OutgoingRequest, UpstreamStream } from "../upstream/upstream-stream.ts";
import { admit, outgoingRequest } from "./admission.ts";
import type { Attempt } from "./attempt.ts";
import { AttemptSeries, type SeriesOwner } from "./attempt-series.ts";
import type { Downstream } from "./downstream.ts";
import { ExchangeOutcome } from "./exchange-outcome.ts";
import { brokenCallTrailers, callTimeoutMs, sendOwn } from "./grpc-call.ts";
import { discardAnswer } from "./discarded-response.ts";
import { enterGates, type GateCourse, type GateCourseOwner } from "./gate-course.ts";
import { errorResponse, type LocalResponse, replacedResponse } from "./local-response.ts";
import { type Pacer, pacerFor } from "./pacer.ts";
import { withHookedChanges } from "./hooked-request.ts";
import type { ErrorWatch, ProxyContext } from "./proxy-context.ts";
import { withIdentity } from "./request-identity.ts";
import { highWaterBytes, type RequestOwner, RequestRelay } from "./request-relay.ts";
import { RequestScope } from "./request-scope.ts";
import { responseFieldLines } from "./response-lines.ts";
import { ReviewedResponse, type ReviewOwner } from "./reviewed-response.ts";
import type { GateVerdict, Pace, RoutePlan } from "./route-plan.ts";
import { Tunnel, type TunnelOwner } from "./tunnel.ts";

type Phase = "admitting" | "selecting" | "sending" | "relaying" | "tunnelling" | "finished";

export class Exchange implements SeriesOwner, GateCourseOwner, ReviewOwner, RequestOwner, TunnelOwner {
  readonly outcome: ExchangeOutcome;
  /** Where the client's side brings what it reads. */
  readonly request: RequestRelay;
  readonly #context: ProxyContext;
  readonly #downstream: Downstream;
  readonly #head: RequestHead;
  readonly #startedMs: number;
  readonly #scope: RequestScope;

  #phase: Phase = "admitting";
  #plan: RoutePlan | null = null;
  #pool: Pool | null = null;
  /** The endpoint that the client is bound to. */
  #bound: Binding<Endpoint> = null;
  #outgoing: OutgoingRequest | null = null;
  #gates: GateCourse | null = null;
  #series: AttemptSeries | null = null;
  #exchangeDeadline: Deadline | null = null;
  /** Of the response. */
  #pacer: Pacer | null = null;
  #isResponsePaused = false;
  #tunnel: Tunnel | null = null;
  /** Who takes the response's body: the client, or its WebSocket. */
  #bodySink: Pick<Downstream, "sendBody">;
  /** The pool's limit on concurrency counts this exchange. */
  #isCountedByPool = false;

  constructor(context: ProxyContext, downstream: Downstream, head: RequestHead) {
    this.#context = context;
    this.#downstream = downstream;
    this.#bodySink = downstream;
    this.#head = head;
    this.#startedMs = context.clock.nowMs();
    this.outcome = new ExchangeOutcome(head, downstream, context, this.#startedMs);
    this.#scope = new RequestScope(head, downstream, context.clock, this.outcome);
    this.outcome.scope = this.#scope;
    this.request = new RequestRelay(this, downstream, head.body);
  }

  get isFinished(): boolean {
    return this.#phase === "finished";
  }

  /** Of the attempt in hand, while it has one. */
  get upstream(): UpstreamStream | null {
    return this.#series?.current?.upstream ?? null;
  }

  // 3 admit, 4 route

  /** Limits of the listener hold where the route sets none. Infinity means no limit. */
  start(exchangeTimeoutMs: number, bodyBytesMax: number): void {
    const admission = admit(this.#head, this.#downstream, this.#context);
    if (admission.kind === "refuse") return this.#answer(admission.cause, "");
    if (admission.kind === "respond") return this.#answerLocally(admission.response);
    const { identity } = this.#context;
    const fieldLines = identity.isIdle
      ? admission.fieldLines
      : identity.mark(admission.fieldLines, this.#downstream.client.peer.isTrusted, this.outcome);
    if (this.outcome.trace !== null) this.outcome.trace.startedMs = this.#startedMs;
    const plan = this.#context.router.route(this.#scope);
    if (plan === null) return this.#answer("no-route", "");
    if (plan === "unclear-path") return this.#answer("unclear-path", "");
    this.#plan = plan;
    this.outcome.routeName = plan.name;
    const isBodyWatched = plan.bodyWatch?.isObserving === true;
    if (!this.request.limit(plan.bodyBytesMax ?? bodyBytesMax, isBodyWatched))
      return this.#answer("body-too-large", "");
    if (plan.clientTimeouts !== null) this.#downstream.setIdleTimeouts(plan.clientTimeouts);
    const timeoutMs = Math.min(plan.exchangeTimeoutMs ?? exchangeTimeoutMs, callTimeoutMs(this.#head));
    if (timeoutMs < Number.POSITIVE_INFINITY) this.#setExchangeDeadline(timeoutMs);
    if (plan.poolOf !== null) {
      const { isContinueExpected } = admission;
      const outgoing = outgoingRequest(this.#head, fieldLines, isContinueExpected, plan, this.#scope);
      if (typeof outgoing === "string") return this.#answer(outgoing, "");
      this.#outgoing = outgoing;
    }
    this.#gates = enterGates(plan.gates, this.#scope, this.#startedMs, this, this.#context);
    if (this.#gates === null) this.onGatesPassed(this.#startedMs);
  }

  onGateVerdict(verdict: GateVerdict): void {
    this.#gates?.resume(verdict);
  }

  onGatesPassed(nowMs: number): void {
    this.#outgoing = withHookedChanges(this.#outgoing, this.#scope);
    this.#route(this.#plan as RoutePlan, nowMs);
  }

  onGateClosed(verdict: Extract<GateVerdict, { kind: "refuse" | "respond" }>): void {
    if (verdict.kind === "respond") this.#answerLocally(verdict.response);
    else this.#answer(verdict.cause, verdict.detail ?? "", verdict.fieldLines, verdict.status);
  }

  onGateWaiting(): void {
    this.request.pause();
  }

  #route(plan: RoutePlan, nowMs: number): void {
    if (plan.respond !== null) return this.#answerLocally(plan.respond(this.#scope));
    const pool = plan.poolOf?.(this.#scope);
    if (pool === undefined) return this.#answer("no-route", "");
    this.#pool = pool;
    this.outcome.poolName = pool.settings.name;
    const retry = plan.retry === null ? pool.settings.retry : plan.retry(pool);
    this.request.replayBytesMax = retry.replayBytesMax;
    const refusal = pool.overload?.admit(plan.importance) ?? null;
    if (refusal !== null)
      return this.#answer(refusal.cause, "", `Retry-After: ${refusal.retryAfterSeconds}\r\n`);
    this.#isCountedByPool = pool.overload !== null;
    if (pool.sticky !== null) this.#bound = pool.sticky.boundTo(this.#scope, this.#startedMs);
    const key = pool.needsKey ? plan.keyOf(this.#scope, pool) : "";
    pool.budget.requestStarted(this.#startedMs);
    const outgoing = this.#outgoing as OutgoingRequest;
    if (plan.mirror !== null)
      this.request.copyTo(plan.mirror.begin(this.#context, outgoing, this.#scope, this.outcome));
    if (plan.pace !== null) this.#setPace(plan.pace);
    if (outgoing.isContinueExpected) this.request.awaitContinue(this.#context.deadlines);
    this.#phase = "selecting";
    const target = { pool, retry, key, bound: this.#bound, importance: plan.importance };
    this.#series = new AttemptSeries(this, this.#context, this.#head, target);
    this.#series.start(nowMs);
  }

  #setPace(pace: Pace): void {
    this.request.setPace(pace, this.#context);
    this.#pacer = pacerFor(pace.responseBytesPerSecond, pace, this.#context, () => {
      if (this.#downstream.backlog <= highWaterBytes) this.onDownstreamDrain();
    });
  }

  // 5 select, 6 connect: the series does it

  onSeriesWaiting(): void {
    this.#phase = "selecting";
    this.request.pause();
  }

  onSeriesFailed(cause: Cause, detail: string): void {
    this.#answer(cause, detail);
  }

  // 7 send

  onAttemptReady(attempt: Attempt): void {
    this.#phase = "sending";
    attempt.sendHead(this.#outgoing as OutgoingRequest);
    const { upstream } = attempt;
    if (upstream !== null) this.request.sendKept(upstream);
    if (this.request.isComplete) this.#series?.considerHedge();
    if (attempt === this.#series?.current && upstream !== null) this.request.sendOn(upstream);
  }

  onAttemptDrain(): void {
    this.request.resume();
  }

  // 8 relay

  onAttemptInformational(attempt: Attempt, head: ResponseHead): void {
    if (attempt !== this.#series?.current || (head.status === 100 && this.request.hasSaidContinue)) return;
    this.request.endContinueWait();
    if (this.#head.versionMinor === 1) {
      this.#downstream.sendInformational(head.status, head.reason, head.fields.forwardable);
    }
  }

  onAttemptHead(attempt: Attempt, head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void {
    if (this.#series?.retriesStatus(attempt, head) === true) return;
    this.request.endContinueWait();
    this.#series?.settle(attempt);
    if (this.#plan?.errorPages?.replacesUpstream(head.status) === true)
      return this.#replaceByPage(attempt, head);
    const review = this.#plan?.reviewResponse ?? null;
    if (review === null) return this.onReviewPassed(attempt, head, body, isUpgrade);
    new ReviewedResponse(this, attempt, head, body, isUpgrade).ask(review, this.#scope);
  }

  /** ReviewOwner: nothing else has become of the exchange meanwhile. */
  isAwaiting(attempt: Attempt): boolean {
    return this.#series?.current === attempt;
  }

  onReviewPassed(attempt: Attempt, head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void {
    const { outcome } = this;
    outcome.answered(head, this.#context.clock.nowMs());
    outcome.connectMs = attempt.connectMs;
    this.request.forgetKept();
    this.#phase = isUpgrade ? "tunnelling" : "relaying";
    if (isUpgrade) this.#beginTunnel(attempt, head);
    let fieldLines = responseFieldLines(head, body, isUpgrade);
    const edit = this.#plan?.editResponse ?? null;
    if (edit !== null) fieldLines = edit(fieldLines, this.#scope);
    fieldLines += this.#scope.responseLines;
    const sticky = this.#pool?.sticky ?? null;
    if (sticky !== null)
      fieldLines += sticky.answered(this.#scope, attempt.endpoint, this.#bound, this.#startedMs);
    if (outcome.identityLine !== "") fieldLines = withIdentity(fieldLines, outcome.identityLine);
    this.#downstream.sendHead(head.status, head.reason, fieldLines, body, isUpgrade);
    this.#tunnel?.begun();
  }

  #beginTunnel(attempt: Attempt, head: ResponseHead): void {
    this.outcome.isTunnel = true;
    this.#pacer = null;
    this.#exchangeDeadline?.clear();
    this.#tunnel = new Tunnel(this, attempt, head, this.#downstream, this.#context.webSockets);
    this.#bodySink = this.#tunnel.webSocket ?? this.#downstream;
  }

  /** An endpoint's error that the route has a page for. */
  #replaceByPage(attempt: Attempt, head: ResponseHead): void {
    const series = this.#series;
    if (series !== null) series.current = null;
    const { outcome } = this;
    outcome.answered(head, this.#context.clock.nowMs());
    const { clock } = this.#context;
    discardAnswer(attempt, head.status, { clock, outcome, onOver: () => series?.ended(attempt) });
    const response = replacedResponse(head, clock);
    this.#answerLocally(this.#plan?.errorPages?.inPlaceOf(response, this.#scope) ?? response);
  }

  onAttemptBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "finished") return;
    this.outcome.responseBodyBytes += end - start;
    this.#bodySink.sendBody(source, bytes, start, end);
    const isAheadOfPace = this.#pacer?.passed(end - start) === true;
    if ((isAheadOfPace || this.#downstream.backlog > highWaterBytes) && !this.#isResponsePaused) {
      this.#isResponsePaused = true;
      this.upstream?.pauseResponse();
    }
  }

  onAttemptFlush(): void {
    if (this.#phase === "relaying" || this.#phase === "tunnelling") this.#downstream.flush();
  }

  onDownstreamDrain(): void {
    if (!this.#isResponsePaused || this.#pacer?.isHolding === true) return;
    this.#isResponsePaused = false;
    this.upstream?.resumeResponse();
  }

  onAttemptEnd(attempt: Attempt, trailers: string): void {
    if (this.#phase === "tunnelling") return this.#tunnel?.endpointEnded();
    attempt.upstream = null;
    this.#finish();
    this.#downstream.sendEnd(trailers);
  }

  onTunnelOver(cause: Cause | null): void {
    if (cause !== null) this.#note(cause, "");
    this.#finish();
    this.#downstream.sendEnd("");
  }

  // Failures

  onAttemptFailed(attempt: Attempt, cause: Cause, detail: string): void {
    if (this.#phase === "relaying" || this.#phase === "tunnelling") this.#breakOff(cause, detail);
    else this.#series?.failed(attempt, cause, detail);
  }

  /** The client's side is gone or misbehaved; `cause` says which. */
  onDownstreamFailed(cause: Cause, detail: string): void {
    if (this.#phase === "finished") return;
    const { status } = errorRow(cause);
    if (status !== null && this.outcome.status === 0) return this.#answer(cause, detail);
    if (cause === "tunnel-idle" && this.#tunnel?.webSocket?.ask(cause) === true)
      return this.#note(cause, detail);
    if (this.outcome.status === 0) this.outcome.status = 499;
    this.#breakOff(cause, detail);
  }

  /** It has begun and cannot be completed: the client must see it broken. */
  #breakOff(cause: Cause, detail: string): void {
    this.#note(cause, detail);
    const trailers = brokenCallTrailers(cause, this.#head, this.#context);
    this.#context.errorWatch?.brokenOff(this.#scope, this.outcome);
    this.#finish();
    this.#downstream.abort(trailers);
  }

  #note(cause: Cause, detail: string): void {
    this.outcome.cause = cause;
    this.outcome.detail = detail;
  }

  #answer(cause: Cause, detail: string, moreFieldLines = "", status: number | null = null): void {
    this.#note(cause, detail);
    const { isCauseShown, clock } = this.#context;
    const response = errorResponse(cause, isCauseShown, clock, status, moreFieldLines);
    if (response === null) return this.#breakOff(cause, detail);
    this.outcome.status = response.status;
    const page = this.#plan?.errorPages?.inPlaceOf(response, this.#scope) ?? response;
    const { errorWatch } = this.#context;
    if (errorWatch === null) return this.#answerLocally(page);
    this.#askWhatToAnswer(errorWatch, page);
  }

  /** Nothing else goes on while a hook thinks about the answer. */
  #askWhatToAnswer(errorWatch: ErrorWatch, page: LocalResponse): void {
    this.#series?.stop();
    this.#gates?.stop();
    this.#exchangeDeadline?.clear();
    this.request.endContinueWait();
    const answer = errorWatch.answer(this.#scope, this.outcome, page, (late) => {
      if (this.#phase !== "finished") this.#answerLocally(late);
    });
    if (answer !== "pending") this.#answerLocally(answer);
  }

  #answerLocally(response: LocalResponse): void {
    this.outcome.status = response.status;
    this.#series?.stop();
    const edit = this.#plan?.editResponse ?? null;
    const edited = edit === null ? response.fieldLines : edit(response.fieldLines, this.#scope);
    const fieldLines = edited + this.outcome.identityLine;
    const whole = { ...response, fieldLines };
    this.outcome.responseBodyBytes = sendOwn(whole, this.outcome.cause, this.#head, this.#downstream);
    this.#finish();
    this.#downstream.sendEnd("");
  }

  // Time

  #setExchangeDeadline(delayMs: number): void {
    this.#exchangeDeadline = new Deadline(this.#context.deadlines, () => {
      if (this.#phase === "relaying") this.#breakOff("exchange-timeout", "");
      else this.#answer("exchange-timeout", "");
    });
    this.#exchangeDeadline.set(delayMs);
    this.outcome.deadlineMs = this.#startedMs + delayMs;
  }

  // 9 finish

  #finish(): void {
    if (this.#phase === "finished") return;
    this.#phase = "finished";
    this.request.finish();
    this.#gates?.stop();
    this.#exchangeDeadline?.dispose();
    this.#pacer?.dispose();
    this.#tunnel?.dispose();
    const nowMs = this.#context.clock.nowMs();
    const { outcome } = this;
    outcome.durationMs = nowMs - this.#startedMs;
    this.#series?.finish(nowMs);
    if (this.#isCountedByPool) {
      const isSample = outcome.firstByteMs !== null && outcome.status < 500 && !outcome.isTunnel;
      this.#pool?.overload?.finished(this.#startedMs, isSample);
    }
    const isTooLarge = !outcome.isTunnel && this.request.isBeyondWatch;
    if (isTooLarge || outcome.cause === "body-too-large") this.#plan?.bodyWatch?.onTooLarge();
    if (this.#plan?.isUncounted !== true) this.#context.onExchangeFinished(this.outcome);
  }
}
