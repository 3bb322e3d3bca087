/** What becomes of an exchange, noted as it happens: the source of logs, metrics, templates and diagnosis. */
import type { Clock } from "../core/clock.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { ExchangeFact } from "../core/template-scope.ts";
import { wallTimeOf } from "../core/wall-time.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ExchangeTrace } from "../observability/tracing/exchange-trace.ts";
import { pathReadings } from "../routing/path-reading.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Downstream } from "./downstream.ts";
import type { ExchangeRecord, FailedAttempt } from "./exchange-record.ts";
import type { IdentifiedRequest, RequestIdentity } from "./request-identity.ts";
import type { LearntFacts, RequestScope } from "./request-scope.ts";

const noAttempts: readonly FailedAttempt[] = [];
const noAddresses: readonly string[] = [];

/** As nginx's $upstream_status: what the endpoint sent, or the status that stands for the failure. */
function statusText({ cause, detail }: FailedAttempt): string {
  return cause === "retried-status" ? detail : String(errorRow(cause).status ?? "-");
}

function normalPathOf(target: string): string | undefined {
  const end = target.indexOf("?");
  return pathReadings(end < 0 ? target : target.slice(0, end))[0];
}

export class ExchangeOutcome implements ExchangeRecord, IdentifiedRequest, LearntFacts {
  endpoint: Endpoint | null = null;
  routeName = "";
  poolName = "";
  status = 0;
  cause: Cause | null = null;
  detail = "";
  attemptCount = 0;
  /** When the whole exchange must be over, by the clock. */
  deadlineMs = Number.POSITIVE_INFINITY;
  failedAttempts: readonly FailedAttempt[] = noAttempts;
  requestBodyBytes = 0;
  responseBodyBytes = 0;
  durationMs = 0;
  queueMs = 0;
  connectMs: number | null = null;
  firstByteMs: number | null = null;
  responseHead: ResponseHead | null = null;
  isTunnel = false;
  requestId = "";
  traceId = "";
  trace: ExchangeTrace | null = null;
  identityLine = "";
  /** Knows the captures. */
  scope: RequestScope | null = null;
  #failedAddresses: readonly string[] = noAddresses;
  readonly #head: RequestHead;
  readonly #identity: RequestIdentity;
  readonly #downstream: Downstream;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(
    head: RequestHead,
    downstream: Downstream,
    { clock, identity }: { readonly clock: Clock; readonly identity: RequestIdentity },
    startedMs: number,
  ) {
    this.#head = head;
    this.#identity = identity;
    this.#downstream = downstream;
    this.#clock = clock;
    this.#startedMs = startedMs;
  }

  /** Worked out when asked: most exchanges are never logged. */
  get startedWallMs(): number {
    return wallTimeOf(this.#clock, this.#startedMs);
  }
  get method(): string {
    return this.#head.method;
  }
  get target(): string {
    return this.#head.target;
  }
  get host(): string {
    return this.#head.host;
  }
  get protocol(): string {
    if (this.#head.isHttp2 === true) return "HTTP/2";
    return this.#head.versionMinor === 1 ? "HTTP/1.1" : "HTTP/1.0";
  }
  get clientAddress(): string {
    return this.#downstream.client.address(this.#head);
  }
  get listenerName(): string {
    return this.#downstream.client.listenerName;
  }
  get isSecure(): boolean {
    return this.#downstream.client.peer.isSecure;
  }
  header(lowerName: string): string | undefined {
    return this.#head.fields.get(lowerName);
  }
  responseHeader(lowerName: string): string | undefined {
    return this.responseHead?.fields.get(lowerName);
  }
  capture(name: string): string | undefined {
    return this.scope?.capture(name);
  }

  /** By an endpoint. */
  answered(head: ResponseHead, nowMs: number): void {
    this.firstByteMs = nowMs - this.#startedMs;
    this.status = head.status;
    this.responseHead = head;
  }

  failed(attempt: FailedAttempt, address: string): void {
    this.failedAttempts = [...this.failedAttempts, attempt];
    this.#failedAddresses = [...this.#failedAddresses, address];
  }

  /** One for each attempt; the last one's, unless it failed, too. */
  #attemptsText(failed: readonly string[], last: string | number | undefined): string | undefined {
    if (this.attemptCount === 0) return undefined;
    return (failed.length >= this.attemptCount ? failed : [...failed, last ?? "-"]).join(", ");
  }

  fact(name: ExchangeFact): string | number | undefined {
    switch (name) {
      case "request.protocol":
        return this.protocol;
      case "request.id":
        // Where requests are given none, whoever asks first makes it.
        if (this.requestId === "") this.requestId = this.#identity.newId();
        return this.requestId;
      case "trace.id":
        return this.traceId;
      case "request.bytes":
        return this.requestBodyBytes;
      case "route.name":
        return this.routeName;
      case "pool.name":
        return this.poolName;
      case "request.normal_path":
        return normalPathOf(this.#head.target);
      case "client.user":
        return this.scope?.user ?? undefined;
      case "endpoint.name":
        return this.endpoint?.name;
      case "endpoint.address":
        return this.endpoint?.address;
      case "attempt.count":
        return this.attemptCount;
      case "attempt.endpoints":
        return this.#attemptsText(this.#failedAddresses, this.endpoint?.address);
      case "attempt.statuses":
        return this.#attemptsText(this.failedAttempts.map(statusText), this.responseHead?.status);
      case "response.status":
        return this.status === 0 ? undefined : this.status;
      case "upstream.status":
        return this.responseHead?.status;
      case "response.body_bytes":
      case "response.bytes":
        return this.responseBodyBytes;
      case "response.cause":
        return this.cause ?? undefined;
      case "upstream.connect_ms":
        return this.connectMs ?? undefined;
      case "upstream.head_ms":
        return this.firstByteMs ?? undefined;
      case "upstream.duration_ms":
      case "time.duration_ms":
        return this.durationMs;
      default:
        return this.#downstream.fact(name);
    }
  }
}
