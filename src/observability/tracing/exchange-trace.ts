/**
 * What is noted of a sampled exchange while it runs: its place in the trace, the wait for an endpoint and
 * each attempt. Exists only for exchanges whose spans will be exported; making spans of it comes later and
 * elsewhere (`traced-exchange.ts`, `spans.ts`).
 */
import type { Cause } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import { childSpan, formatTraceparent, type TraceContext } from "../trace-context.ts";

/** Attempts noted of one exchange; there are never that many unless hedges and retries add up. */
const attemptsMax = 64;

export class ExchangeTrace {
  readonly context: TraceContext;
  /** The caller's span; "" when the trace began here. */
  readonly parentSpanId: string;
  readonly attempts: AttemptTrace[] = [];
  /** The exchange's start by the monotonic clock, which all its times here are of. */
  startedMs = 0;
  /** The wait for an endpoint; null when there was none. */
  queue: { readonly spanId: string; readonly fromMs: number; readonly untilMs: number } | null = null;
  readonly #random: Random;

  constructor(context: TraceContext, parentSpanId: string, random: Random) {
    this.context = context;
    this.parentSpanId = parentSpanId;
    this.#random = random;
  }

  /** An attempt begins, with a span of its own. Null when there are too many. */
  attemptBegan(endpoint: string, nowMs: number, isHedge: boolean): AttemptTrace | null {
    if (this.attempts.length >= attemptsMax) return null;
    const attempt = new AttemptTrace(this.context, childSpan(this.context, this.#random), {
      endpoint,
      startedMs: nowMs,
      isHedge,
    });
    this.attempts.push(attempt);
    return attempt;
  }

  queued(fromMs: number, untilMs: number): void {
    this.queue = { spanId: childSpan(this.context, this.#random).spanId, fromMs, untilMs };
  }
}

export class AttemptTrace {
  readonly spanId: string;
  readonly endpoint: string;
  readonly startedMs: number;
  readonly isHedge: boolean;
  /** NaN while it runs. */
  endedMs = Number.NaN;
  /** Null for a pooled connection. */
  connectMs: number | null = null;
  /** 0 when there was no response. */
  status = 0;
  cause: Cause | null = null;
  detail = "";
  readonly #exchangeParent: string;
  readonly #ownParent: string;

  constructor(
    exchange: TraceContext,
    own: TraceContext,
    begin: { readonly endpoint: string; readonly startedMs: number; readonly isHedge: boolean },
  ) {
    this.spanId = own.spanId;
    this.endpoint = begin.endpoint;
    this.startedMs = begin.startedMs;
    this.isHedge = begin.isHedge;
    this.#exchangeParent = formatTraceparent(exchange);
    this.#ownParent = formatTraceparent(own);
  }

  /** The field lines with this attempt as the endpoint's parent. Nobody can guess the id that is replaced. */
  retarget(fieldLines: string): string {
    return fieldLines.replace(this.#exchangeParent, this.#ownParent);
  }

  failed(cause: Cause, detail: string): void {
    this.cause = cause;
    this.detail = detail;
  }

  /** The first end counts. `status` is 0 when there was no response. */
  ended(nowMs: number, status: number, connectMs: number | null): void {
    if (!Number.isNaN(this.endedMs)) return;
    this.endedMs = nowMs;
    this.connectMs = connectMs;
    if (status !== 0) this.status = status;
  }
}
