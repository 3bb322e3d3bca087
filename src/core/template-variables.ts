/**
 * The table of template variables: name, moment from which it is known, nginx's word for it, meaning
 * and how it is read. The documentation is generated from it. It does not parse templates.
 */
import { cookieValue, queryValue } from "./request-values.ts";
import type { ExchangeFact, TemplateScope, TemplateStage } from "./template-scope.ts";

export interface TemplateVariable {
  /** `request.method`, or for a family up to and with the last dot: `request.header.`. */
  readonly name: string;
  readonly knownFrom: TemplateStage;
  /** nginx's variable with the same meaning, "" when there is none. */
  readonly nginx: string;
  /** Meaning, for the documentation. */
  readonly sentence: string;
  /** `argument` is what follows the name of a family, "" for the others. */
  readonly read: (scope: TemplateScope, argument: string) => string | undefined;
}

/** A value the scope knows under the variable's own name. */
function fact(
  name: ExchangeFact,
  knownFrom: TemplateStage,
  nginx: string,
  sentence: string,
): TemplateVariable {
  return { name, knownFrom, nginx, sentence, read: (scope) => textOf(scope.fact(name)) };
}

/** A value derived from the rest of the scope. */
function derived(
  name: string,
  knownFrom: TemplateStage,
  nginx: string,
  sentence: string,
  read: TemplateVariable["read"],
): TemplateVariable {
  return { name, knownFrom, nginx, sentence, read };
}

export const templateVariables: readonly TemplateVariable[] = [
  derived("request.method", "request", "$request_method", "The method.", (scope) => scope.method),
  derived(
    "request.target",
    "request",
    "$request_uri",
    "Path and query as received.",
    (scope) => scope.target,
  ),
  derived("request.path", "request", "", "The path as received.", (scope) => scope.path),
  fact("request.normal_path", "request", "$uri", "The path in the form that routes are matched against."),
  derived(
    "request.query",
    "request",
    "$args, $query_string",
    "The query without `?`.",
    (scope) => scope.query,
  ),
  derived("request.search", "request", "$is_args$args", "`?` and the query, or nothing.", (scope) =>
    scope.query === "" ? "" : `?${scope.query}`,
  ),
  derived("request.query_mark", "request", "$is_args", "`?` when there is a query.", (scope) =>
    scope.query === "" ? "" : "?",
  ),
  derived(
    "request.host",
    "request",
    "$host",
    "The host in lower case, without the port.",
    (scope) => scope.host,
  ),
  derived("request.scheme", "request", "$scheme", "`http` or `https`.", (scope) =>
    scope.isSecure ? "https" : "http",
  ),
  fact("request.protocol", "request", "$server_protocol", "`HTTP/1.1`, `HTTP/1.0` or `HTTP/2`."),
  fact("request.id", "request", "$request_id", "An identifier unique to the request."),
  fact("trace.id", "request", "", "The trace the request belongs to; empty unless requests are traced."),
  fact("request.bytes", "end", "$request_length", "Bytes received for the request: head and body."),
  derived(
    "request.header.",
    "request",
    "$http_NAME",
    "A request header; repeated ones are joined with a comma.",
    (scope, name) => scope.header(name),
  ),
  derived(
    "request.query.",
    "request",
    "$arg_NAME",
    "The first query parameter of that name, not decoded.",
    (scope, name) => queryValue(scope.query, name),
  ),
  derived("request.cookie.", "request", "$cookie_NAME", "The first cookie of that name.", (scope, name) =>
    cookieValue(scope.header("cookie"), name),
  ),
  derived(
    "client.address",
    "request",
    "$remote_addr",
    "The client's address after the trusted-proxy rules.",
    (scope) => scope.clientAddress,
  ),
  fact("client.port", "request", "$remote_port", "The client's port."),
  fact("client.user", "request", "$remote_user", "The user that basic authentication let in."),
  derived(
    "client.forwarded_for",
    "request",
    "$proxy_add_x_forwarded_for",
    "The request's X-Forwarded-For with the peer's address added.",
    forwardedFor,
  ),
  fact(
    "peer.address",
    "request",
    "$realip_remote_addr",
    "The far end of the connection, trusted proxy or not.",
  ),
  derived("listener.name", "request", "", "The listener's name.", (scope) => scope.listener),
  fact("listener.address", "request", "$server_addr", "The local address of the connection."),
  fact("listener.port", "request", "$server_port", "The local port of the connection."),
  fact(
    "connection.id",
    "request",
    "$connection",
    "The number of the client's connection, counted by each worker.",
  ),
  fact("connection.requests", "request", "$connection_requests", "Requests on this connection so far."),
  fact("tls.version", "request", "$ssl_protocol", "The client's TLS version, such as `TLSv1.3`."),
  fact("tls.cipher", "request", "$ssl_cipher", "The cipher suite."),
  fact("tls.server_name", "request", "$ssl_server_name", "The name asked for with SNI."),
  fact("tls.alpn", "request", "$ssl_alpn_protocol", "The protocol agreed by ALPN."),
  fact("tls.client_subject", "request", "$ssl_client_s_dn", "Subject of the client's certificate."),
  fact("tls.client_issuer", "request", "$ssl_client_i_dn", "Issuer of the client's certificate."),
  fact("tls.client_serial", "request", "$ssl_client_serial", "Serial number of the client's certificate."),
  fact(
    "tls.client_fingerprint",
    "request",
    "$ssl_client_fingerprint",
    "Fingerprint of the client's certificate.",
  ),
  fact(
    "tls.client_san",
    "request",
    "",
    "Names in the client's certificate: `DNS:a.example, URI:spiffe://example/a`.",
  ),
  fact("tls.client_verify", "request", "$ssl_client_verify", "How the client's certificate was judged."),
  derived("time.iso", "request", "$time_iso8601", "Now, as `2026-11-21T03:09:00.000Z`.", (scope) =>
    new Date(scope.wallMs()).toISOString(),
  ),
  derived("time.http", "request", "", "Now, in the form of the Date header.", (scope) =>
    new Date(scope.wallMs()).toUTCString(),
  ),
  derived("time.clf", "request", "$time_local", "Now, in the common log format, UTC.", (scope) =>
    clfTime(scope.wallMs()),
  ),
  derived("time.unix_ms", "request", "", "Now, milliseconds since 1970.", (scope) =>
    String(Math.floor(scope.wallMs())),
  ),
  derived("time.unix_s", "request", "$msec", "Now, seconds since 1970 with three decimals.", (scope) =>
    inSeconds(scope.wallMs()),
  ),
  fact("route.name", "route", "", "The matched route's name."),
  fact("pool.name", "route", "$proxy_host", "The pool's name."),
  derived(
    "capture.",
    "route",
    "$1, $NAME",
    "A capture of the route's path or host, by name or number.",
    (scope, name) => scope.capture(name),
  ),
  fact("endpoint.name", "endpoint", "", "The chosen endpoint's name."),
  fact("endpoint.address", "endpoint", "", "The chosen endpoint's address and port."),
  fact("attempt.count", "endpoint", "", "How many endpoints have been tried, this one included."),
  fact(
    "attempt.endpoints",
    "endpoint",
    "$upstream_addr",
    "The tried endpoints' addresses, separated by `, `.",
  ),
  fact("response.status", "response", "$status", "The response's status."),
  derived("response.header.", "response", "$sent_http_NAME", "A response header.", (scope, name) =>
    scope.responseHeader(name),
  ),
  fact("response.cause", "response", "", "Why the response was made locally; empty when it was not."),
  fact("upstream.status", "response", "", "The last status an endpoint sent."),
  fact(
    "attempt.statuses",
    "response",
    "$upstream_status",
    "The statuses of all attempts, separated by `, `.",
  ),
  fact(
    "upstream.connect_ms",
    "response",
    "$upstream_connect_time",
    "Milliseconds to connect to the endpoint.",
  ),
  fact(
    "upstream.head_ms",
    "response",
    "$upstream_header_time",
    "Milliseconds to the endpoint's response head.",
  ),
  fact(
    "upstream.duration_ms",
    "end",
    "$upstream_response_time",
    "Milliseconds to the end of the endpoint's response.",
  ),
  fact("response.bytes", "end", "$bytes_sent", "Bytes sent to the client: head and body."),
  fact("response.body_bytes", "end", "$body_bytes_sent", "Bytes of the body sent to the client."),
  fact("time.duration_ms", "end", "", "Milliseconds from the request's first byte to the response's last."),
  derived("time.duration_s", "end", "$request_time", "The same in seconds with three decimals.", (scope) =>
    inSeconds(scope.fact("time.duration_ms")),
  ),
];

function textOf(value: string | number | undefined): string | undefined {
  return typeof value === "number" ? String(value) : value;
}

function inSeconds(ms: string | number | undefined): string | undefined {
  return ms === undefined ? undefined : (Number(ms) / 1000).toFixed(3);
}

function forwardedFor(scope: TemplateScope): string {
  const before = scope.header("x-forwarded-for");
  const peer = textOf(scope.fact("peer.address")) ?? scope.clientAddress;
  return before === undefined || before === "" ? peer : `${before}, ${peer}`;
}

/** `10/Oct/2000:13:55:36 +0000`. */
function clfTime(wallMs: number): string {
  const [, day = "", month = "", year = "", time = ""] = new Date(wallMs).toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
