/**
 * What the access log needs to know of a finished exchange. The proxy's record of an exchange satisfies
 * it; so do tests and the benchmark. Nothing is computed before it is asked for.
 */
import type { Cause } from "../../core/errors.ts";
import type { ExchangeFact } from "../../core/template-scope.ts";

/** An attempt that did not lead to the response. */
export interface LoggedAttempt {
  /** The endpoint's name. */
  readonly endpoint: string;
  readonly cause: Cause;
  /** The system's code or a parser's remark; "" when there is none. */
  readonly detail: string;
  readonly durationMs: number;
}

/** Strings that come from the client are octets as code points 0–255, the way the codec reads them. */
export interface AccessRecord {
  readonly method: string;
  readonly target: string;
  /** The Host field as received. */
  readonly host: string;
  /** `HTTP/1.1`, `HTTP/1.0` or `HTTP/2`. */
  readonly protocol: string;
  readonly isSecure: boolean;
  readonly clientAddress: string;
  readonly listenerName: string;
  /** "" when no route matched. */
  readonly routeName: string;
  /** "" when no pool was involved. */
  readonly poolName: string;
  /** The endpoint that answered or was tried last. */
  readonly endpoint: { readonly name: string } | null;
  /** As sent to the client; 499 when it left before there was one. */
  readonly status: number;
  /** Set when Headgate itself produced the status or broke the exchange off. */
  readonly cause: Cause | null;
  readonly detail: string;
  readonly failedAttempts: readonly LoggedAttempt[];
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  /** Unix ms at which the request's head was complete. */
  readonly startedWallMs: number;
  readonly durationMs: number;
  /** Time spent waiting for a free endpoint; 0 when there was no wait. */
  readonly queueMs: number;
  /** Time to make the connection that was used; null when it came from the pool or none was made. */
  readonly connectMs: number | null;
  /** From the start until the upstream's final head; null if there was none. */
  readonly firstByteMs: number | null;
  /** "" when requests are not given identifiers. */
  readonly requestId: string;
  /** "" unless requests are traced. */
  readonly traceId: string;
  /** A request header by lower-case name. */
  header(lowerName: string): string | undefined;
  /** A header of the response as it went to the client. */
  responseHeader(lowerName: string): string | undefined;
  /** A capture of the matched route, by name or number. */
  capture(name: string): string | undefined;
  /** What the fields above do not tell: facts of TLS, addresses, connection, user. */
  fact(name: ExchangeFact): string | number | undefined;
}
