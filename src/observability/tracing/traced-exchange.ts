/** A finished exchange of a sampled trace as plain data, fit for a message between threads. */
import type { Cause } from "../../core/errors.ts";
import type { AccessRecord } from "../access-log/access-record.ts";
import type { ExchangeTrace } from "./exchange-trace.ts";

export interface TracedAttempt {
  readonly spanId: string;
  readonly endpoint: string;
  /** From the exchange's start. */
  readonly offsetMs: number;
  readonly durationMs: number;
  /** Null for a pooled connection. */
  readonly connectMs: number | null;
  /** 0 when there was no response. */
  readonly status: number;
  readonly cause: Cause | null;
  readonly detail: string;
  readonly isHedge: boolean;
}

export interface TracedExchange {
  readonly traceId: string;
  readonly spanId: string;
  /** "" when the trace began here. */
  readonly parentSpanId: string;
  /** Vendors' list, "" when there is none. */
  readonly state: string;
  readonly isRandom: boolean;
  readonly startedWallMs: number;
  readonly durationMs: number;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly protocol: string;
  readonly isSecure: boolean;
  readonly client: string;
  readonly userAgent: string;
  readonly listener: string;
  readonly route: string;
  readonly pool: string;
  readonly status: number;
  readonly cause: Cause | null;
  readonly detail: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requestId: string;
  /** Null when there was no wait for an endpoint. */
  readonly queue: { readonly spanId: string; readonly offsetMs: number; readonly durationMs: number } | null;
  readonly attempts: readonly TracedAttempt[];
}

/** Longer texts are cut. */
const charsMax = 1024;

export function tracedExchange(record: AccessRecord, trace: ExchangeTrace): TracedExchange {
  const { context, parentSpanId, queue, startedMs } = trace;
  const { durationMs, target } = record;
  const query = target.indexOf("?");
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    parentSpanId,
    state: context.state,
    isRandom: context.isRandom,
    startedWallMs: record.startedWallMs,
    durationMs,
    method: record.method.slice(0, charsMax),
    // What stands after the question mark is often a secret.
    path: (query < 0 ? target : target.slice(0, query)).slice(0, charsMax),
    host: record.host.slice(0, charsMax),
    protocol: record.protocol,
    isSecure: record.isSecure,
    client: record.clientAddress,
    userAgent: (record.header("user-agent") ?? "").slice(0, charsMax),
    listener: record.listenerName,
    route: record.routeName,
    pool: record.poolName,
    status: record.status,
    cause: record.cause,
    detail: record.detail.slice(0, charsMax),
    bytesIn: record.requestBodyBytes,
    bytesOut: record.responseBodyBytes,
    requestId: record.requestId,
    queue:
      queue === null
        ? null
        : {
            spanId: queue.spanId,
            offsetMs: queue.fromMs - startedMs,
            durationMs: queue.untilMs - queue.fromMs,
          },
    attempts: trace.attempts.map((attempt) => ({
      spanId: attempt.spanId,
      endpoint: attempt.endpoint,
      offsetMs: attempt.startedMs - startedMs,
      // One that is still read away ends, for this purpose, with the exchange.
      durationMs:
        (Number.isNaN(attempt.endedMs) ? startedMs + durationMs : attempt.endedMs) - attempt.startedMs,
      connectMs: attempt.connectMs,
      status: attempt.status,
      cause: attempt.cause,
      detail: attempt.detail.slice(0, charsMax),
      isHedge: attempt.isHedge,
    })),
  };
}
