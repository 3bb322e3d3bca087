/**
 * What a route does with a request, compiled from the configuration by `runtime/`. Everything optional
 * is null when the route does not ask for it, so that a plain route costs a few null checks.
 */
import type { Cause } from "../core/errors.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Pool, RetrySettings } from "../upstream/pool.ts";
import type { PriorityClass } from "../upstream/request-queue.ts";
import type { UpstreamTimeouts } from "../upstream/upstream-stream.ts";
import type { ClientTimeouts } from "./downstream.ts";
import type { LocalResponse } from "./local-response.ts";
import type { Mirror } from "./mirror.ts";
import type { RequestScope } from "./request-scope.ts";

/** What a gate says about a request; null lets it pass. */
export type GateVerdict =
  | null
  /** Refused, with further field lines for the answer; `status` null for the cause's own. */
  | {
      readonly kind: "refuse";
      readonly cause: Cause;
      readonly fieldLines: string;
      readonly status: number | null;
      /** A remark for the log. */
      readonly detail?: string;
    }
  /** Held back; the next gate is asked afterwards. */
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "respond"; readonly response: LocalResponse };

/** Whom a gate tells a verdict that took time. */
export interface GateWaiter {
  onGateVerdict(verdict: GateVerdict): void;
}

/** One condition a request must meet: access, authentication, rate limits, faults on purpose. */
export interface Gate {
  /** `pending` when the verdict comes later to `waiter`; otherwise `waiter` is never told. */
  check(scope: RequestScope, nowMs: number, waiter: GateWaiter): GateVerdict | "pending";
}

/** What is said about an endpoint's response head; null lets it pass. */
export type ReviewVerdict = Exclude<GateVerdict, { kind: "delay" }>;

/** Asked with each response head that is to be relayed: a hook. */
export interface ResponseReview {
  /** `pending` when the verdict comes later through `resume`; otherwise `resume` is never called. */
  check(
    scope: RequestScope,
    head: ResponseHead,
    endpoint: string,
    resume: (verdict: ReviewVerdict) => void,
  ): ReviewVerdict | "pending";
}

/** Changes to field lines, each line with CRLF. */
export type FieldEdit = (fieldLines: string, scope: RequestScope) => string;

/** What an endpoint is asked instead of what the client asked. */
export interface RequestRewrite {
  /** Null when the path cannot be rewritten safely: answer 400. */
  target(scope: RequestScope): string | null;
  /** Null leaves it. */
  host(scope: RequestScope): string | null;
  readonly method: string | null;
}

/** Pages in place of plain errors. */
export interface ErrorPages {
  /** The page for an error that Headgate answers; the response itself where there is none. */
  inPlaceOf(response: LocalResponse, scope: RequestScope): LocalResponse;
  /** Do answers of endpoints with this status get the page, too? */
  replacesUpstream(status: number): boolean;
}

export interface PaceWatch {
  /** Only watched: nothing is held back. */
  readonly isObserving: boolean;
  /** A body was faster than its pace; told once for each body. */
  onHeldBack(): void;
}

/** Paces of the two bodies in bytes per second; Infinity for none. */
export interface Pace extends PaceWatch {
  readonly requestBytesPerSecond: number;
  readonly responseBytesPerSecond: number;
}

export interface BodyWatch {
  /** Only watched: larger bodies pass. */
  readonly isObserving: boolean;
  onTooLarge(): void;
}

export interface RoutePlan {
  readonly name: string;
  /** Asked in order before anything is sent. */
  readonly gates: readonly Gate[];
  /** Answers without asking an endpoint; null for routes to pools. */
  readonly respond: ((scope: RequestScope) => LocalResponse) | null;
  /** Not counted and not logged: the balancer's own pages. */
  readonly isUncounted: boolean;
  /** The pool for this request; null when `respond` answers. */
  readonly poolOf: ((scope: RequestScope) => Pool) | null;
  /** The key for hash policies; called only when the pool's policy wants one. */
  readonly keyOf: (scope: RequestScope, pool: Pool) => string;
  /** Overrides; null leaves it to the pool or listener. */
  readonly retry: ((pool: Pool) => RetrySettings) | null;
  readonly exchangeTimeoutMs: number | null;
  readonly bodyBytesMax: number | null;
  readonly clientTimeouts: ClientTimeouts | null;
  /** Told of every body beyond the limit; null when nobody asks. */
  readonly bodyWatch: BodyWatch | null;
  readonly upstreamTimeouts: UpstreamTimeouts | null;
  readonly rewrite: RequestRewrite | null;
  readonly editRequest: FieldEdit | null;
  readonly editResponse: FieldEdit | null;
  /** Asked before an endpoint's response is relayed; null unless hooks want it. */
  readonly reviewResponse: ResponseReview | null;
  readonly importance: PriorityClass;
  readonly errorPages: ErrorPages | null;
  readonly mirror: Mirror | null;
  readonly pace: Pace | null;
}
