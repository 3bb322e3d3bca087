/**
 * The one table of everything that can go wrong with an exchange. Retry decisions, status codes,
 * metric labels, access-log causes, the `Headgate-Cause` header and `docs/errors.md` all read it.
 * It does not say how an error is found; the phases do.
 */

/** Which side failed. */
export type ErrorSource = "downstream" | "upstream" | "internal";

/** The step of DESIGN's nine in which it failed. */
export type ErrorStage =
  | "accept"
  | "read-head"
  | "admit"
  | "route"
  | "select"
  | "connect"
  | "send"
  | "relay"
  | "finish";

/**
 * May the exchange be tried on another endpoint?
 * - `any-method`: nothing was sent, so any request may.
 * - `if-reused`: a pooled connection died before any response byte; a safe method may, at no cost to its attempts.
 * - `if-unprocessed`: the endpoint vouches that it did nothing with the request; any may, at no cost to its attempts.
 * - `if-idempotent`: something was sent; only an idempotent request may.
 * - `never`.
 */
export type RetryRule = "any-method" | "if-reused" | "if-unprocessed" | "if-idempotent" | "never";

export interface ErrorRow {
  readonly source: ErrorSource;
  readonly stage: ErrorStage;
  readonly retry: RetryRule;
  /** Status of the local answer; null when there is nobody left to answer. */
  readonly status: number | null;
  /** Does it count against the endpoint's health? */
  readonly isBlamed: boolean;
  readonly level: "debug" | "info" | "warn" | "error";
  /** One sentence for the log and the documentation. */
  readonly sentence: string;
  /** What an operator should look at. */
  readonly fix: string;
}

const downstream = { source: "downstream", retry: "never", isBlamed: false, level: "info" } as const;
const badHead = { ...downstream, stage: "read-head" } as const;
const upstream = { source: "upstream", isBlamed: true, level: "warn" } as const;
const local = { source: "internal", retry: "never", isBlamed: false, level: "warn" } as const;

// oxfmt-ignore
export const errorTable = {
  // 2 read head
  "bad-request-line": { ...badHead, status: 400, sentence: "The request line is not valid HTTP/1.1.", fix: "Look at the client; it may speak another protocol (TLS on a plain port) or be a scanner." },
  "bad-header": { ...badHead, status: 400, sentence: "A request header line breaks the grammar of RFC 9112 §5.", fix: "Mend the client: no space before the colon, no line folding, no control characters." },
  "bad-host": { ...badHead, status: 400, sentence: "The Host header is missing, repeated or not a valid authority.", fix: "Send exactly one valid Host header." },
  "ambiguous-framing": { ...badHead, status: 400, sentence: "The request's length is ambiguous (Content-Length and Transfer-Encoding disagree or repeat).", fix: "Treat as an attempt at request smuggling unless the client is known to be broken." },
  "unknown-transfer-coding": { ...badHead, status: 501, sentence: "The request uses a transfer coding other than chunked.", fix: "Send chunked or Content-Length; content codings belong in Content-Encoding." },
  "unsupported-version": { ...badHead, status: 505, sentence: "The request's HTTP version is not 1.0 or 1.1.", fix: "Use HTTP/1.1." },
  "target-too-long": { ...badHead, status: 414, sentence: "The request target is longer than the listener's limit.", fix: "Raise limits.targetBytes on the listener, or shorten the URL." },
  "head-too-large": { ...badHead, status: 431, sentence: "The request head is larger than the listener's limit.", fix: "Raise limits.headBytes or limits.headerCount on the listener; large cookies are the usual cause." },
  "malformed-message": { ...badHead, status: 400, sentence: "The HTTP/2 request is malformed (RFC 9113 §8.1.1): its stream was reset.", fix: "Mend the client: lower-case names, the pseudo-header fields once and first, no fields of HTTP/1 connections, as much body as Content-Length says." },
  "http2-misconduct": { ...badHead, stage: "accept", status: null, sentence: "An HTTP/2 connection was closed because its client broke the protocol or did too much that carries nothing.", fix: "An attack or a broken client; the listener's http2 limits say how much is too much, and the log at level debug what it was." },
  "head-timeout": { ...badHead, status: 408, sentence: "The client did not finish its request head in time.", fix: "Slow or idle clients; raise timeouts.head if they are genuine." },
  "bad-chunk": { ...downstream, stage: "send", status: 400, sentence: "The request's chunked body breaks RFC 9112 §7.1.", fix: "Mend the client." },
  "body-too-large": { ...downstream, stage: "admit", status: 413, sentence: "The request body is larger than the limit.", fix: "Raise limits.bodyBytes if such uploads are wanted." },
  "body-timeout": { ...downstream, stage: "send", status: 408, sentence: "The client stopped sending its request body.", fix: "Slow clients; raise timeouts.bodyIdle if they are genuine." },
  "client-gone": { ...downstream, stage: "relay", status: null, level: "debug", sentence: "The client left before its response was complete (logged as 499).", fix: "Usually impatience: look at the latency of the route." },
  "client-stalled": { ...downstream, stage: "relay", status: null, sentence: "The client stopped reading its response.", fix: "Slow clients; raise timeouts.bodyIdle if they are genuine." },
  // 3 admit
  "connect-refused-method": { ...downstream, stage: "admit", status: 501, sentence: "CONNECT is not served: Headgate is a gateway, not a forward proxy.", fix: "Remove Headgate from the client's proxy settings." },
  "unsupported-expectation": { ...downstream, stage: "admit", status: 417, sentence: "The Expect header asks for something other than 100-continue.", fix: "Mend the client." },
  "proxy-loop": { ...local, stage: "admit", status: 508, sentence: "The request has passed through Headgate too many times.", fix: "An endpoint's address leads back to this listener." },
  "bad-proxy-header": { ...downstream, stage: "accept", status: 400, level: "warn", sentence: "A connection did not begin with the PROXY header that the listener requires, or not from a trusted proxy.", fix: "Does the proxy in front send the PROXY protocol, and is its address among trustedProxies?" },
  "bad-client-hello": { ...downstream, stage: "read-head", status: 400, sentence: "A connection that is routed by its TLS ClientHello did not begin with a valid one.", fix: "Look at the client; it may speak plain text on a TLS port." },
  "over-connection-limit": { ...local, stage: "accept", status: 503, level: "warn", sentence: "The listener holds as many connections as it may.", fix: "Raise limits.connections on the listener or add capacity." },
  "over-client-limit": { ...downstream, stage: "accept", status: 429, sentence: "The client holds as many connections as one address may.", fix: "Raise limits.connectionsPerClient on the listener; if the address is a proxy's, name it in trustedProxies." },
  "access-denied": { ...downstream, stage: "admit", status: 403, sentence: "The client's address is not let in by the route, or by a listener below HTTP.", fix: "Look at access.allow and access.deny of the route (of the listener, with `protocol: tcp` or `udp`), and at trustedProxies if the address is a proxy's." },
  unauthorized: { ...downstream, stage: "admit", status: 401, sentence: "The route asks for user and password.", fix: "Send valid credentials; basicAuth.users has the hashes." },
  "auth-busy": { ...local, stage: "admit", status: 503, sentence: "Too many passwords are being verified at once.", fix: "Somebody is guessing passwords: limit the rate of the route." },
  "rate-limited": { ...downstream, stage: "admit", status: 429, sentence: "The client sends more requests than a rate limit allows.", fix: "Look at the limit's key, rate and burst." },
  "injected-fault": { ...local, stage: "admit", status: 503, level: "info", sentence: "The route answers some requests with an error on purpose.", fix: "Remove faults.abort from the route." },
  "request-hook-failed": { ...local, stage: "admit", status: 500, level: "error", sentence: "The hook onRequest threw, took too long, or answered what is no answer.", fix: "The detail names the place in the hook's file, or the limit: hooks.timeout, hooks.concurrency." },
  // 4 route
  "no-route": { ...local, stage: "route", status: 404, level: "info", sentence: "No route matches the request.", fix: "Ask `headgate explain` for the near misses, or add a route without a match as the default." },
  "unclear-path": { ...downstream, stage: "route", status: 400, sentence: "The path can be read in two ways that lead to different routes.", fix: "Mend the client: no dot segments, escaped slashes or doubled slashes in paths." },
  // 5 select
  "no-endpoint": { ...local, stage: "select", status: 503, sentence: "The pool has no endpoint that may receive traffic.", fix: "Look at the endpoints' states and the probes' last errors." },
  "pool-full": { ...local, stage: "select", status: 503, sentence: "Every eligible endpoint is at its limit.", fix: "Add endpoints or raise their limits." },
  "max-fails": { ...local, stage: "select", status: 503, sentence: "Every endpoint failed as often as maxFails allows, and its penalty is not over.", fix: "Look at the endpoints' last failures; raise maxFails.fails, or use outlier, which never takes all of them out." },
  "queue-full": { ...local, stage: "select", status: 503, sentence: "Every endpoint is busy and the pool's queue is full.", fix: "Add capacity, or raise queue.size if clients are willing to wait." },
  "queue-timeout": { ...local, stage: "select", status: 503, sentence: "No endpoint became free while the request waited in the queue.", fix: "Add capacity, or raise queue.timeout if clients are willing to wait." },
  "queue-displaced": { ...local, stage: "select", status: 503, sentence: "A more important request took this one's place in a full queue.", fix: "Add capacity, or look at the routes' importance." },
  "sticky-unavailable": { ...local, stage: "select", status: 503, sentence: "The endpoint that the client is bound to cannot serve it, and the pool binds to no other.", fix: "Bring the endpoint back, or set sticky.fallback to rebind." },
  shed: { ...local, stage: "select", status: 503, sentence: "The pool is nearly full and refuses what matters least.", fix: "Add capacity, or look at the routes' importance and the pool's shed thresholds." },
  "concurrency-limit": { ...local, stage: "select", status: 503, sentence: "The pool takes no more requests at once: latency rose beyond what it tolerates.", fix: "Add capacity; `headgate status` shows the limit the pool has come to." },
  // 6 connect
  "connect-refused": { ...upstream, stage: "connect", retry: "any-method", status: 502, sentence: "The endpoint refused the connection.", fix: "Is the endpoint's process running and listening on that address?" },
  "connect-timeout": { ...upstream, stage: "connect", retry: "any-method", status: 504, sentence: "The endpoint did not accept the connection in time.", fix: "A firewall that drops packets, a full accept queue, or a wrong address." },
  "connect-failed": { ...upstream, stage: "connect", retry: "any-method", status: 502, sentence: "The connection to the endpoint could not be made.", fix: "The log's detail names the system's error." },
  "tls-failed": { ...upstream, stage: "connect", retry: "any-method", status: 502, sentence: "The TLS handshake with the endpoint failed.", fix: "The log's detail names the reason; expired or unknown certificates are the usual ones." },
  "name-unresolved": { ...upstream, stage: "connect", retry: "any-method", status: 502, sentence: "The endpoint's name has no address.", fix: "Look at the DNS record and at the resolver." },
  // 7 send, 8 relay
  "stale-connection": { ...upstream, stage: "send", retry: "if-reused", status: 502, isBlamed: false, level: "debug", sentence: "A pooled connection was closed by the endpoint as it was used again.", fix: "The endpoint's keep-alive time is shorter than the pool's idle limit." },
  "stream-unprocessed": { ...upstream, stage: "send", retry: "if-unprocessed", status: 502, isBlamed: false, level: "debug", sentence: "The endpoint gave an HTTP/2 request back without looking at it (GOAWAY or REFUSED_STREAM).", fix: "Usually a graceful restart; if it is often, lower http2.streams to what the endpoint takes at once." },
  "reset-before-head": { ...upstream, stage: "relay", retry: "if-idempotent", status: 502, sentence: "The endpoint closed the connection before it answered.", fix: "The endpoint crashed, was restarted or refused the request; look at its log." },
  "attempt-timeout": { ...upstream, stage: "relay", retry: "if-idempotent", status: 504, sentence: "The attempt took longer than retry.perAttempt.", fix: "Look at the endpoint's latency, or raise retry.perAttempt." },
  "head-response-timeout": { ...upstream, stage: "relay", retry: "if-idempotent", status: 504, sentence: "The endpoint did not begin its response in time.", fix: "Look at the endpoint's latency, or raise timeouts.responseHead." },
  "retried-status": { ...upstream, stage: "relay", retry: "if-idempotent", status: 502, sentence: "The endpoint answered with a status that the pool retries elsewhere.", fix: "Look at the endpoint's own log for that status." },
  "bad-response": { ...upstream, stage: "relay", retry: "if-idempotent", status: 502, sentence: "The endpoint's response head is not valid HTTP.", fix: "Does that port speak HTTP (not HTTPS), in the version that the pool's protocol says, and is the head within limits?" },
  "response-head-too-large": { ...upstream, stage: "relay", retry: "never", status: 502, sentence: "The endpoint's response head is larger than the limit.", fix: "Raise limits.responseHeadBytes; large Set-Cookie headers are the usual cause." },
  "reset-mid-body": { ...upstream, stage: "relay", retry: "never", status: 502, sentence: "The endpoint died in the middle of its response; the client's connection was broken off.", fix: "The endpoint crashed or timed out while it was sending." },
  "bad-response-body": { ...upstream, stage: "relay", retry: "never", status: 502, sentence: "The endpoint's response body breaks its own framing.", fix: "Mend the endpoint." },
  "response-body-timeout": { ...upstream, stage: "relay", retry: "never", status: 504, sentence: "The endpoint stopped in the middle of its response.", fix: "Raise timeouts.upstreamIdle for streams that are quiet for long." },
  "response-hook-failed": { ...local, stage: "relay", status: 500, level: "error", sentence: "The hook onResponse threw, took too long, or answered what is no answer.", fix: "The detail names the place in the hook's file, or the limit: hooks.timeout, hooks.concurrency." },
  "websocket-unsupported": { ...upstream, stage: "send", retry: "any-method", status: 502, isBlamed: false, sentence: "A WebSocket was asked for, and the endpoint speaks HTTP/2 without taking WebSockets over it (RFC 8441).", fix: "Set protocol: auto (which goes over HTTP/1.1 then) or http/1.1 for a pool of WebSocket endpoints, or switch extended CONNECT on at the endpoint." },
  "drain-deadline": { ...local, stage: "relay", retry: "if-idempotent", status: 503, sentence: "The endpoint was being drained, and at the deadline what it still had was ended.", fix: "Give the drain a longer deadline, or make clients answer when they are asked to close." },
  "exchange-timeout": { ...upstream, stage: "relay", retry: "never", status: 504, isBlamed: false, sentence: "The whole exchange took longer than its deadline.", fix: "Raise timeouts.exchange or look at the attempts in the log." },
  "tunnel-idle": { ...downstream, stage: "relay", status: null, level: "debug", sentence: "A tunnel was silent in both directions for too long.", fix: "Send pings, or raise timeouts.tunnelIdle." },
  // the house itself
  "shutting-down": { ...local, stage: "select", status: 503, level: "info", sentence: "Headgate or the listener is stopping and the time to finish is over.", fix: "Nothing, or a longer shutdown.grace; for WebSockets whose clients do not answer, shutdown.webSocketClose." },
  "internal-error": { ...local, stage: "finish", status: 500, level: "error", sentence: "Headgate met a state it holds impossible.", fix: "Please report it with the log line." },
} as const satisfies Record<string, ErrorRow>;

/** The stable name of a cause: what logs, metrics and clients see. */
export type Cause = keyof typeof errorTable;

/** The row of a cause, widened so that callers need not know each literal. */
export function errorRow(cause: Cause): ErrorRow {
  return errorTable[cause];
}

/** A failure of one exchange or one attempt. A value, never thrown. */
export interface ProxyError {
  readonly cause: Cause;
  /** The system's code or a parser's remark, for the log only; never sent to a client. */
  readonly detail: string;
}
