/**
 * Following exchanges live: what is told of each, and a thread's side of it. Which ones a viewer wants stands in
 * `exchange-filter.ts`. Nothing is gathered while nobody looks; a busy thread sends what fits and says how many it left out.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { AccessRecord } from "../observability/access-log/access-record.ts";
import { compileFilter, type ExchangeFilter } from "./exchange-filter.ts";
import { type LiveExchange, namesOf } from "./live-exchange.ts";

export interface LiveBatch {
  readonly exchanges: readonly LiveExchange[];
  /** Wanted, but beyond what a batch may hold. */
  readonly skipped: number;
}

/** Exchanges in one batch, and how often there is one: at most 400 a second from each thread. */
const batchMax = 100;
const intervalMs = 250;
const charsMax = 1024;

export interface ExchangeTailParts {
  readonly clock: Clock;
  send(batch: LiveBatch): void;
}

export class ExchangeTail {
  readonly #parts: ExchangeTailParts;
  #filters: readonly ReturnType<typeof compileFilter>[] = [];
  #exchanges: LiveExchange[] = [];
  #skipped = 0;
  #timer: Timer | null = null;

  constructor(parts: ExchangeTailParts) {
    this.#parts = parts;
  }

  /** Those of all viewers; none when nobody looks. */
  set filters(filters: readonly ExchangeFilter[]) {
    this.#filters = filters.map(compileFilter);
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
    if (!this.#filters.some((isWanted) => isWanted(record))) return;
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
