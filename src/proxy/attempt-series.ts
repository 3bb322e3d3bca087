/**
 * The attempts of one exchange: which endpoint is asked, waiting for one when all are busy, asking
 * another after a failure, racing a slow one. It knows no client; the exchange sends and relays.
 *
 *   select ─▶ attempt ─▶ (head: the exchange takes over)
 *     ▲ │        └─ failed ─▶ back-off ─┐
 *     │ └─ queue                        │
 *     └──────────────────────────────────┘
 */
import { Deadline } from "../core/deadlines.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AttemptTrace } from "../observability/tracing/exchange-trace.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import { isWebSocket } from "../upstream/http2-heads.ts";
import type { Pool, RetrySettings } from "../upstream/pool.ts";
import type { Binding } from "../upstream/sticky/sticky.ts";
import type { PriorityClass, QueueRefusal, QueueTicket, QueueWaiter } from "../upstream/request-queue.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { ExchangeOutcome } from "./exchange-outcome.ts";
import { statusInHead } from "./grpc-call.ts";
import type { ProxyContext } from "./proxy-context.ts";
import {
  type AttemptFacts,
  decideRetry,
  isIdempotent,
  isRepeatable,
  retryAfterMs,
} from "./retry-decision.ts";

/** The exchange, as its series of attempts sees it. */
export interface SeriesOwner extends AttemptOwner {
  readonly outcome: ExchangeOutcome;
  /** Whether everything received of its body can be sent again. */
  readonly request: { readonly isReplayable: boolean };
  /** Nobody is there to send to for a while. */
  onSeriesWaiting(): void;
  /** There will be no further attempt. */
  onSeriesFailed(cause: Cause, detail: string): void;
}

/** Where the attempts go, settled once the request is routed. */
export interface SeriesTarget {
  readonly pool: Pool;
  readonly retry: RetrySettings;
  readonly key: string;
  /** The endpoint that the client is bound to. */
  readonly bound: Binding<Endpoint>;
  readonly importance: PriorityClass;
}

const noEndpoints: readonly Endpoint[] = [];
/** Milliseconds of back-off. */
type Pause = number;
/** Stale pooled connections met by one exchange before they count as failures. */
const staleRetriesMax = 8;

export class AttemptSeries implements QueueWaiter {
  /** The attempt that answers, or the one in hand. */
  current: Attempt | null = null;
  readonly #owner: SeriesOwner;
  readonly #context: ProxyContext;
  readonly #head: RequestHead;
  readonly #target: SeriesTarget;
  /** A second attempt that races the current one. */
  #hedge: Attempt | null = null;
  #tried: readonly Endpoint[] = noEndpoints;
  #staleCount = 0;
  /** The retry that is about to start has taken leave of the budget. */
  #isNextBudgeted = false;
  #ticket: QueueTicket | null = null;
  #queuedMs = 0;
  #timer: Deadline | null = null;
  #timerPurpose: "none" | "backoff" | "hedge" = "none";

  constructor(owner: SeriesOwner, context: ProxyContext, head: RequestHead, target: SeriesTarget) {
    this.#owner = owner;
    this.#context = context;
    this.#head = head;
    this.#target = target;
  }

  /** `nowMs`: the first attempt's start. */
  start(nowMs: number): void {
    this.#select(false, nowMs);
  }

  // 5 select, 6 connect

  #select(isBudgeted: boolean, nowMs: number): void {
    const { pool } = this.#target;
    // Whoever comes later must not overtake those who wait.
    const isOvertaking = pool.queue !== null && pool.queue.length > 0 && this.#ticket === null;
    const choice = isOvertaking ? "pool-full" : this.#takeEndpoint(pool);
    if (typeof choice !== "string") return this.#begin(choice, isBudgeted, nowMs);
    if (choice === "pool-full" && !isBudgeted && this.#isQueued(pool)) return this.#enqueue(pool);
    if (isBudgeted) pool.budget.finished();
    // Every endpoint was tried: the last failure says more than "none left".
    const last = this.#owner.outcome.failedAttempts.at(-1);
    this.#owner.onSeriesFailed(last?.cause ?? choice, last?.detail ?? "");
  }

  /** An endpoint with a place taken on it. */
  #takeEndpoint(pool: Pool): Endpoint | Cause {
    const { bound, key } = this.#target;
    if (bound !== null) {
      const taken = this.#takeBound(bound);
      if (taken !== null) return taken;
      if (this.#isBoundForGood) return "sticky-unavailable";
    }
    for (;;) {
      const choice = pool.select(key, this.#tried);
      // Another worker may have taken the last place since the policy looked.
      if (typeof choice === "string" || choice.tryStart()) return choice;
      this.#tried = [...this.#tried, choice];
    }
  }

  #takeBound(bound: Endpoint | "gone"): Endpoint | null {
    if (bound === "gone" || this.#tried.includes(bound)) return null;
    return bound.canServeBound(this.#isBoundForGood) && bound.tryStart() ? bound : null;
  }

  /** Nobody else may answer. */
  get #isBoundForGood(): boolean {
    const { bound, pool } = this.#target;
    return bound !== null && pool.sticky?.isRejecting === true;
  }

  #begin(endpoint: Endpoint, isBudgeted: boolean, nowMs: number): void {
    const { log } = this.#context;
    const { outcome } = this.#owner;
    outcome.endpoint = endpoint;
    outcome.attemptCount++;
    if (log.isDebug) log.debug("endpoint chosen", { endpoint: endpoint.name, target: outcome.target });
    const attempt = new Attempt(this.#owner, this.#context, endpoint, isBudgeted, nowMs);
    if (outcome.trace !== null) attempt.trace = outcome.trace.attemptBegan(endpoint.name, nowMs, false);
    attempt.isWebSocket = isWebSocket(this.#head.fields);
    this.current = attempt;
    this.#connect(attempt, false);
  }

  #connect(attempt: Attempt, isFresh: boolean): void {
    const { retry } = this.#target;
    const isReady = attempt.connect(isFresh, isRepeatable(this.#head, retry), retry.attemptTimeoutMs);
    if (!isReady && attempt === this.current) this.#owner.onSeriesWaiting();
  }

  #isQueued(pool: Pool): boolean {
    if (pool.queue !== null || pool.isObserved("queue")) pool.count("queue");
    return pool.queue !== null;
  }

  #enqueue(pool: Pool): void {
    this.#owner.onSeriesWaiting();
    this.#queuedMs = this.#context.clock.nowMs();
    const { clientAddress } = this.#owner.outcome;
    const ticket = pool.queue?.enter(this, this.#target.importance, clientAddress) ?? "queue-full";
    if (ticket === "queue-full") this.#owner.onSeriesFailed("queue-full", "");
    else this.#ticket = ticket;
  }

  /** QueueWaiter: a place may be free. */
  tryServe(): boolean {
    const choice = this.#takeEndpoint(this.#target.pool);
    if (choice === "pool-full") return false;
    this.#endWait();
    if (typeof choice === "string") this.#owner.onSeriesFailed(choice, "");
    else this.#begin(choice, false, this.#context.clock.nowMs());
    return true;
  }

  onRefused(refusal: QueueRefusal): void {
    this.#endWait();
    this.#owner.onSeriesFailed(refusal === "queue-closed" ? "no-endpoint" : refusal, "");
  }

  #endWait(): void {
    this.#ticket = null;
    const { outcome } = this.#owner;
    const nowMs = this.#context.clock.nowMs();
    outcome.queueMs = nowMs - this.#queuedMs;
    outcome.trace?.queued(this.#queuedMs, nowMs);
  }

  // Failures and further attempts

  /** An attempt failed before its response began. */
  failed(
    attempt: Attempt,
    cause: Cause,
    detail: string,
    facts = this.#facts(false),
    leaveFor: Pause | null = null,
  ): void {
    if (attempt.isOwedHttp1) return this.#connect(attempt, true);
    const decision = decideRetry(cause, facts, this.#target.retry);
    if (decision === "fresh-connection" && (attempt.isInTurn || this.#staleCount++ < staleRetriesMax)) {
      attempt.endpoint.state.count("staleConnections");
      return this.#connect(attempt, true);
    }
    this.#noteFailure(attempt, cause, detail);
    // The other one may still answer.
    if (this.#hedge !== null) {
      if (attempt === this.current) this.current = this.#hedge;
      this.#hedge = null;
      return;
    }
    this.current = null;
    if (decision === "give-up") this.#owner.onSeriesFailed(cause, detail);
    else this.#another(cause, detail, leaveFor);
  }

  #noteFailure(attempt: Attempt, cause: Cause, detail: string): void {
    const nowMs = this.#context.clock.nowMs();
    const durationMs = nowMs - attempt.startedMs;
    const { name, address } = attempt.endpoint;
    this.#owner.outcome.failed({ endpoint: name, cause, detail, durationMs }, address);
    attempt.trace?.failed(cause, detail);
    attempt.release(0, errorRow(cause).isBlamed, 0, 0, nowMs);
    this.ended(attempt);
    this.#tried = [...this.#tried, attempt.endpoint];
  }

  /**
   * One more attempt, if the budget allows, after the back-off. Where nothing was sent the first attempt
   * cost no endpoint anything, so another adds no load: the budget is not asked while somebody is left who
   * did not fail last. When all fail, attempts stay within it whatever they die of.
   */
  #another(cause: Cause, detail: string, leaveFor: Pause | null): void {
    const { pool } = this.#target;
    const nowMs = this.#context.clock.nowMs();
    const delayMs = leaveFor ?? this.#pauseInTime(nowMs);
    if (delayMs === null) return this.#owner.onSeriesFailed(cause, `${detail} (no time for another attempt)`);
    this.#isNextBudgeted = errorRow(cause).retry !== "any-method" || !pool.hasSound(this.#tried);
    if (this.#isNextBudgeted && leaveFor === null && !pool.tryStartRetry(nowMs)) {
      this.#owner.onSeriesFailed(cause, `${detail} (retry budget spent)`);
      return;
    }
    this.#tried.at(-1)?.state.count("retries");
    if (delayMs === 0) return this.#select(this.#isNextBudgeted, nowMs);
    this.#owner.onSeriesWaiting();
    this.#setTimer("backoff", delayMs);
  }

  /** The back-off before the next attempt; null when the exchange would be over by then. */
  #pauseInTime(nowMs: number): Pause | null {
    const { attemptCount, deadlineMs } = this.#owner.outcome;
    const delayMs = this.#target.pool.backoffMs(attemptCount);
    return nowMs + delayMs < deadlineMs ? delayMs : null;
  }

  /**
   * Throws a response of a listed status away for another attempt; true if it did. Where none can follow (the last
   * attempt, nobody left to ask, no time, the budget spent) the client gets the endpoint's own answer.
   */
  retriesStatus(attempt: Attempt, head: ResponseHead): boolean {
    const { retry } = this.#target;
    const isGrpc = retry.grpcStatuses.size > 0 && retry.grpcStatuses.has(statusInHead(head));
    if (!isGrpc && !retry.statuses.has(head.status)) return false;
    if (retry.isRetryAfterRespected) attempt.endpoint.rest(retryAfterMs(head, this.#context.clock.wallMs()));
    const facts = this.#facts(isGrpc);
    if (decideRetry("retried-status", facts, retry) !== "another-endpoint") return false;
    // Whoever races it may still answer better; it needs no leave.
    const isAlone = this.#hedge === null;
    const leaveFor = isAlone ? this.#leaveToFollow(attempt) : null;
    if (isAlone && leaveFor === null) return false;
    attempt.cancel();
    const detail = isGrpc ? `grpc-status ${statusInHead(head)}` : String(head.status);
    this.failed(attempt, "retried-status", detail, facts, leaveFor);
    return true;
  }

  /** Is there another endpoint, time, and leave of the budget to ask it? The leave is taken then. */
  #leaveToFollow({ endpoint }: Attempt): Pause | null {
    const { pool } = this.#target;
    if (this.#isBoundForGood || !pool.hasOther([...this.#tried, endpoint])) return null;
    const nowMs = this.#context.clock.nowMs();
    const delayMs = this.#pauseInTime(nowMs);
    return delayMs !== null && pool.tryStartRetry(nowMs) ? delayMs : null;
  }

  #facts(isRepeatAllowed: boolean): AttemptFacts {
    return {
      isRepeatAllowed,
      method: this.#head.method,
      attemptCount: this.#owner.outcome.attemptCount,
      isBodyReplayable: this.#owner.request.isReplayable,
    };
  }

  /** The request has been sent whole: idempotent reads may be raced when the pool asks for it. */
  considerHedge(): void {
    const delayMs = this.#target.pool.hedgeDelayMs();
    if (delayMs === null || this.#hedge !== null || this.#owner.outcome.attemptCount > 1) return;
    // Another endpoint knows nothing of the client's session.
    if (this.#target.bound === this.current?.endpoint) return;
    if (isIdempotent(this.#head.method) && this.#head.body.kind === "none") this.#setTimer("hedge", delayMs);
  }

  #startHedge(): void {
    const { pool, key } = this.#target;
    const first = this.current;
    if (first === null || first.upstream === null) return;
    const nowMs = this.#context.clock.nowMs();
    if (pool.isObserved("hedge")) return pool.count("hedge");
    if (!pool.tryStartRetry(nowMs)) return;
    pool.count("hedge");
    const endpoint = pool.select(key, [...this.#tried, first.endpoint]);
    if (typeof endpoint === "string" || !endpoint.tryStart()) return pool.budget.finished();
    this.#owner.outcome.attemptCount++;
    endpoint.state.count("hedges");
    this.#hedge = new Attempt(this.#owner, this.#context, endpoint, true, nowMs);
    const { trace } = this.#owner.outcome;
    if (trace !== null) this.#hedge.trace = trace.attemptBegan(endpoint.name, nowMs, true);
    this.#connect(this.#hedge, false);
  }

  /** The first head wins: whoever races it is called off. */
  settle(winner: Attempt): void {
    this.#clearTimer();
    const loser = winner === this.current ? this.#hedge : this.current;
    this.current = winner;
    this.#hedge = null;
    this.#owner.outcome.endpoint = winner.endpoint;
    if (loser !== null) this.#callOff(loser);
  }

  /** The exchange is over: tells the endpoint that answered how it went, and calls off the rest. */
  finish(nowMs: number): void {
    const { current } = this;
    const { outcome } = this.#owner;
    if (current !== null && outcome.firstByteMs !== null) {
      const { requestBodyBytes, responseBodyBytes, status } = outcome;
      const row = outcome.cause === null ? null : errorRow(outcome.cause);
      if (current.trace !== null) noteAnswer(current.trace, outcome);
      if (outcome.isTunnel) current.endpoint.state.count("tunnelsEnded");
      if (outcome.isTunnel || (row !== null && !row.isBlamed))
        current.abandon(responseBodyBytes, requestBodyBytes);
      else current.release(status, row !== null || status >= 500, responseBodyBytes, requestBodyBytes, nowMs);
    }
    this.stop();
  }

  /** Calls off whatever is under way and stops waiting. */
  stop(): void {
    // Leave for the attempt after the pause was taken already.
    if (this.#timerPurpose === "backoff" && this.#isNextBudgeted) this.#target.pool.budget.finished();
    this.#timerPurpose = "none";
    this.#timer?.dispose();
    if (this.#ticket !== null) {
      this.#target.pool.queue?.cancel(this.#ticket);
      this.#endWait();
    }
    const { current } = this;
    const hedge = this.#hedge;
    this.current = null;
    this.#hedge = null;
    if (current !== null) this.#callOff(current);
    if (hedge !== null) this.#callOff(hedge);
  }

  #callOff(attempt: Attempt): void {
    attempt.cancel();
    attempt.abandon(0, 0);
    this.ended(attempt);
  }

  /** The attempt has given its place back. */
  ended(attempt: Attempt): void {
    const { pool } = this.#target;
    if (attempt.isBudgeted) pool.budget.finished();
    pool.queue?.serve();
  }

  #setTimer(purpose: "backoff" | "hedge", delayMs: number): void {
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
    if (purpose === "backoff") this.#select(this.#isNextBudgeted, this.#context.clock.nowMs());
    else if (purpose === "hedge") this.#startHedge();
  }
}

/** For the span of the attempt that answered, whether or not it counts for its endpoint. */
function noteAnswer(trace: AttemptTrace, { status, cause, detail }: ExchangeOutcome): void {
  trace.status = status;
  if (cause !== null) trace.failed(cause, detail);
}
