/** What remains of an exchange once it is over: the source of access logs, metrics and diagnosis. */
import type { Cause } from "../core/errors.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import type { ExchangeTrace } from "../observability/tracing/exchange-trace.ts";
import type { Endpoint } from "../upstream/endpoint.ts";

/** An attempt that did not lead to the response. */
export interface FailedAttempt {
  readonly endpoint: string;
  readonly cause: Cause;
  /** The system's code or a parser's remark. */
  readonly detail: string;
  readonly durationMs: number;
}

export interface ExchangeRecord {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** `HTTP/1.1`, `HTTP/1.0` or `HTTP/2`. */
  readonly protocol: string;
  readonly isSecure: boolean;
  readonly clientAddress: string;
  readonly listenerName: string;
  readonly routeName: string;
  readonly poolName: string;
  /** The endpoint that answered or was tried last. */
  readonly endpoint: Endpoint | null;
  /** As sent to the client; 499 when it left before there was one. */
  readonly status: number;
  /** Set when Headgate itself produced the status or broke the exchange off. */
  readonly cause: Cause | null;
  readonly detail: string;
  /** All attempts, those on stale connections not counted. */
  readonly attemptCount: number;
  readonly failedAttempts: readonly FailedAttempt[];
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  /** Unix ms at which the head was complete. */
  readonly startedWallMs: number;
  readonly durationMs: number;
  /** Waiting for an endpoint to become free. */
  readonly queueMs: number;
  /** Connecting, in the attempt that answered; null for a pooled connection or none. */
  readonly connectMs: number | null;
  /** From the start until the upstream's final head; null if there was none. */
  readonly firstByteMs: number | null;
  /** It became a tunnel (WebSocket). */
  readonly isTunnel: boolean;
  /** "" when requests are not given identifiers. */
  readonly requestId: string;
  /** "" unless requests are traced. */
  readonly traceId: string;
  /** Notes for spans; null unless they are exported and this one is sampled. */
  readonly trace: ExchangeTrace | null;
  /** A request header by lower-case name. */
  header(lowerName: string): string | undefined;
  /** A header of the endpoint's response. */
  responseHeader(lowerName: string): string | undefined;
  /** A capture of the matched route, by name or number. */
  capture(name: string): string | undefined;
  /** What the fields above do not tell: facts of TLS, addresses, connection, user. */
  fact(name: ExchangeFact): string | number | undefined;
}
