/**
 * What a template may ask of the exchange it is evaluated for. The proxy's exchange satisfies it; so
 * do tests and `explain` with made-up requests. Nothing here is computed before it is asked for.
 */

/**
 * Values that only the exchange knows, by the name the template uses. The scope answers undefined
 * for whatever is not known, not yet known or does not exist (no TLS, no user, no endpoint).
 */
export type ExchangeFact =
  | "request.id"
  | "trace.id"
  | "request.protocol"
  | "request.normal_path"
  | "request.bytes"
  | "client.port"
  | "client.user"
  | "peer.address"
  | "listener.address"
  | "listener.port"
  | "connection.id"
  | "connection.requests"
  | "tls.version"
  | "tls.cipher"
  | "tls.server_name"
  | "tls.alpn"
  | "tls.client_subject"
  | "tls.client_issuer"
  | "tls.client_serial"
  | "tls.client_fingerprint"
  | "tls.client_san"
  | "tls.client_verify"
  /** 1 or 0; for PROXY headers, no template has a name for it. */
  | "tls.is_resumed"
  | "route.name"
  | "pool.name"
  | "endpoint.name"
  | "endpoint.address"
  | "attempt.count"
  | "attempt.endpoints"
  | "attempt.statuses"
  | "response.status"
  | "response.bytes"
  | "response.body_bytes"
  | "response.cause"
  | "upstream.status"
  | "upstream.connect_ms"
  | "upstream.head_ms"
  | "upstream.duration_ms"
  | "time.duration_ms";

/** What is known of a request as soon as its head is. Strings are octets as code points 0–255, as the codec reads them. */
export interface RequestFacts {
  readonly method: string;
  /** The request target in origin form, as received. */
  readonly target: string;
  /** Raw path, without the query. */
  readonly path: string;
  /** Raw query without `?`; "" when there is none. */
  readonly query: string;
  /** Lower case, without the port; IPv6 in brackets. */
  readonly host: string;
  /** The client's address after the trusted-proxy rules. */
  readonly clientAddress: string;
  readonly isSecure: boolean;
  /** Name of the listener. */
  readonly listener: string;
  /** A header as the client sent it; repeated ones are joined with ", ". */
  header(lowerName: string): string | undefined;
  /** Undefined while it is not known, or where there is none. */
  fact(name: ExchangeFact): string | number | undefined;
}

export interface TemplateScope extends RequestFacts {
  /** A capture of the matched route, by name or number. */
  capture(name: string): string | undefined;
  /** A header of the response as it goes to the client. */
  responseHeader(lowerName: string): string | undefined;
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
}

/**
 * When a value becomes known. A template is compiled for the moment at which it will be evaluated;
 * naming a later value is an error, not an empty string.
 */
export const templateStages = ["request", "route", "endpoint", "response", "end"] as const;
export type TemplateStage = (typeof templateStages)[number];
