/**
 * The spans of a traced exchange: the exchange itself, its wait for an endpoint, each attempt. Attribute
 * names are OpenTelemetry's semantic conventions for HTTP (1.37) where those have one, else `headgate.…`.
 *
 *   exchange (server) ──┬── queue (internal)
 *                       ├── attempt (client) ── what the endpoint makes of it
 *                       └── attempt (client)
 */
import type { TracedAttempt, TracedExchange } from "./traced-exchange.ts";

export type SpanRole = "server" | "client" | "internal";
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for the first of its trace. */
  readonly parentSpanId: string;
  /** The parent is another program's. */
  readonly isParentRemote: boolean;
  readonly state: string;
  readonly isRandom: boolean;
  readonly role: SpanRole;
  readonly name: string;
  readonly startWallMs: number;
  readonly durationMs: number;
  readonly attributes: SpanAttributes;
  /** Null when all is well. */
  readonly error: string | null;
}

/** Methods that may stand in a span's name; others would let clients make up names without end. */
const knownMethods = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
]);

export function spansOf(exchange: TracedExchange): readonly SpanRecord[] {
  const { attempts } = exchange;
  return [
    exchangeSpan(exchange),
    ...queueSpans(exchange),
    ...attempts.map((attempt, index) => attemptSpan(exchange, attempt, index)),
  ];
}

function exchangeSpan(exchange: TracedExchange): SpanRecord {
  const { status, cause, attempts, route } = exchange;
  const isFailed = status >= 500 || (cause !== null && (status < 400 || status === 499));
  return {
    ...placeOf(exchange),
    spanId: exchange.spanId,
    parentSpanId: exchange.parentSpanId,
    isParentRemote: exchange.parentSpanId !== "",
    role: "server",
    name: route === "" ? methodOf(exchange) : `${methodOf(exchange)} ${route}`,
    startWallMs: exchange.startedWallMs,
    durationMs: exchange.durationMs,
    attributes: present({
      ...requestAttributes(exchange),
      "http.response.status_code": status,
      "url.scheme": exchange.isSecure ? "https" : "http",
      "client.address": exchange.client,
      "user_agent.original": exchange.userAgent,
      "error.type": isFailed ? (cause ?? String(status)) : "",
      "headgate.listener": exchange.listener,
      "headgate.route": route,
      "headgate.pool": exchange.pool,
      "headgate.cause": cause ?? "",
      "headgate.detail": exchange.detail,
      "headgate.request_id": exchange.requestId,
      "headgate.attempts": attempts.length,
      "http.request.body.size": exchange.bytesIn,
      "http.response.body.size": exchange.bytesOut,
    }),
    error: isFailed ? (cause ?? `status ${status}`) : null,
  };
}

function queueSpans(exchange: TracedExchange): readonly SpanRecord[] {
  const { queue, spanId } = exchange;
  if (queue === null) return [];
  return [
    {
      ...placeOf(exchange),
      spanId: queue.spanId,
      parentSpanId: spanId,
      isParentRemote: false,
      role: "internal",
      name: "queue",
      startWallMs: exchange.startedWallMs + queue.offsetMs,
      durationMs: queue.durationMs,
      attributes: present({ "headgate.pool": exchange.pool }),
      error: null,
    },
  ];
}

function attemptSpan(exchange: TracedExchange, attempt: TracedAttempt, index: number): SpanRecord {
  const { status, cause, endpoint } = attempt;
  const error = cause ?? (status >= 400 ? String(status) : "");
  return {
    ...placeOf(exchange),
    spanId: attempt.spanId,
    parentSpanId: exchange.spanId,
    isParentRemote: false,
    role: "client",
    name: methodOf(exchange),
    startWallMs: exchange.startedWallMs + attempt.offsetMs,
    durationMs: attempt.durationMs,
    attributes: present({
      ...requestAttributes(exchange),
      "http.response.status_code": status,
      "http.request.resend_count": index,
      "error.type": error,
      "headgate.pool": exchange.pool,
      "headgate.endpoint": endpoint,
      "headgate.detail": attempt.detail,
      "headgate.hedge": attempt.isHedge,
      "headgate.connection": attempt.connectMs === null ? "pooled" : "new",
      "headgate.connect_ms": attempt.connectMs ?? 0,
      "headgate.called_off": status === 0 && cause === null,
    }),
    error: error === "" ? null : error,
  };
}

function placeOf({
  traceId,
  state,
  isRandom,
}: TracedExchange): Pick<SpanRecord, "traceId" | "state" | "isRandom"> {
  return { traceId, state, isRandom };
}

function requestAttributes({ method, path, host, protocol }: TracedExchange): SpanAttributes {
  const isKnown = knownMethods.has(method);
  const { name, port } = hostParts(host);
  return {
    "http.request.method": isKnown ? method : "_OTHER",
    "http.request.method_original": isKnown ? "" : method,
    "url.path": path,
    "server.address": name,
    "server.port": port,
    "network.protocol.version": protocol.replace("HTTP/", ""),
  };
}

/** A Host field's name and port, 0 when it has none. */
function hostParts(host: string): { readonly name: string; readonly port: number } {
  const [, name = host, port = "0"] = /^(.*?)(?::(\d{1,5}))?$/s.exec(host) ?? [];
  return { name, port: Number(port) };
}

function methodOf({ method }: TracedExchange): string {
  return knownMethods.has(method) ? method : "HTTP";
}

/** Without what says nothing: empty texts, noughts and what is not so. */
function present(attributes: SpanAttributes): SpanAttributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== "" && value !== 0 && value !== false),
  );
}
