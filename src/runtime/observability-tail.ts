/**
 * Following exchanges live: which ones a viewer wants, what is told of each, and a thread's side of it.
 * Nothing is gathered while nobody looks; a busy thread sends what fits and says how many it left out.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Cause } from "../core/errors.ts";
import type { AccessRecord } from "../observability/access-log/access-record.ts";

/** Null: anything. All of them must hold. Plain data, for workers and for the API. */
export interface ExchangeFilter {
  /** Ranges, both ends included. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[] | null;
  readonly route: string | null;
  readonly pool: string | null;
  readonly endpoint: string | null;
  /** `any`: whatever has a cause. */
  readonly cause: Cause | "any" | null;
  /** Exchanges that took at least so long. */
  readonly slowMs: number | null;
}

/** One exchange as viewers see it. Strings from the client are octets as code points. */
export interface LiveExchange {
  readonly wallMs: number;
  readonly client: string;
  readonly listener: string;
  readonly route: string;
  readonly pool: string;
  readonly endpoint: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly status: number;
  readonly cause: Cause | null;
  readonly detail: string;
  readonly durationMs: number;
  readonly queueMs: number;
  readonly connectMs: number | null;
  readonly firstByteMs: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly failedAttempts: readonly { readonly endpoint: string; readonly cause: Cause }[];
  readonly requestId: string;
}

export interface LiveBatch {
  readonly exchanges: readonly LiveExchange[];
  /** Wanted, but beyond what a batch may hold. */
  readonly skipped: number;
}

/** Exchanges in one batch, and how often there is one: at most 400 a second from each thread. */
const batchMax = 100;
const intervalMs = 250;
const charsMax = 1024;

export function isWanted(filter: ExchangeFilter, record: AccessRecord | LiveExchange): boolean {
  const { statuses, route, pool, endpoint, cause, slowMs } = filter;
  const { status } = record;
  if (slowMs !== null && record.durationMs < slowMs) return false;
  if (statuses !== null && !statuses.some(({ from, to }) => status >= from && status <= to)) return false;
  if (cause !== null && !(cause === "any" ? record.cause !== null : hasCause(record, cause))) return false;
  const names = namesOf(record);
  if (route !== null && names.route !== route) return false;
  if (pool !== null && names.pool !== pool) return false;
  return (
    endpoint === null ||
    names.endpoint === endpoint ||
    record.failedAttempts.some((each) => each.endpoint === endpoint)
  );
}

function hasCause(record: AccessRecord | LiveExchange, cause: Cause): boolean {
  return record.cause === cause || record.failedAttempts.some((attempt) => attempt.cause === cause);
}

function namesOf(record: AccessRecord | LiveExchange): Pick<LiveExchange, "route" | "pool" | "endpoint"> {
  if ("wallMs" in record) return record;
  return { route: record.routeName, pool: record.poolName, endpoint: record.endpoint?.name ?? "" };
}

export interface ExchangeTailParts {
  readonly clock: Clock;
  send(batch: LiveBatch): void;
}

export class ExchangeTail {
  readonly #parts: ExchangeTailParts;
  #filters: readonly ExchangeFilter[] = [];
  #exchanges: LiveExchange[] = [];
  #skipped = 0;
  #timer: Timer | null = null;

  constructor(parts: ExchangeTailParts) {
    this.#parts = parts;
  }

  /** Those of all viewers; none when nobody looks. */
  set filters(filters: readonly ExchangeFilter[]) {
    this.#filters = filters;
    if (filters.length === 0) this.close();
  }

  /** On the request path. */
  offer(record: AccessRecord): void {
    if (this.#filters.length > 0) this.#consider(record);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#exchanges = [];
    this.#skipped = 0;
  }

  #consider(record: AccessRecord): void {
    if (!this.#filters.some((filter) => isWanted(filter, record))) return;
    if (this.#exchanges.length < batchMax) this.#exchanges.push(liveExchange(record));
    else this.#skipped++;
    this.#timer ??= this.#parts.clock.setTimer(intervalMs, () => this.#send());
  }

  #send(): void {
    const batch = { exchanges: this.#exchanges, skipped: this.#skipped };
    this.close();
    this.#parts.send(batch);
  }
}

function liveExchange(record: AccessRecord): LiveExchange {
  const { status, cause, durationMs, queueMs, connectMs, firstByteMs, requestId } = record;
  return {
    ...namesOf(record),
    wallMs: record.startedWallMs,
    client: record.clientAddress,
    listener: record.listenerName,
    method: record.method.slice(0, charsMax),
    host: record.host.slice(0, charsMax),
    target: record.target.slice(0, charsMax),
    status,
    cause,
    detail: record.detail.slice(0, charsMax),
    durationMs,
    queueMs,
    connectMs,
    firstByteMs,
    bytesIn: record.requestBodyBytes,
    bytesOut: record.responseBodyBytes,
    failedAttempts: record.failedAttempts.map((attempt) => ({
      endpoint: attempt.endpoint,
      cause: attempt.cause,
    })),
    requestId,
  };
}
