/**
 * A worker's side of diagnosis: gathers failures by cause, route and endpoint and sends what it has at
 * most once a second, so that a storm of failures is a few messages. Keeps nothing after sending.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Cause } from "../core/errors.ts";
import { compactCopy } from "./access-log/recent-texts.ts";

/** What is read of a finished exchange; the proxy's record satisfies it. */
export interface DiagnosedExchange {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly clientAddress: string;
  readonly listenerName: string;
  readonly routeName: string;
  readonly poolName: string;
  readonly endpoint: { readonly name: string } | null;
  readonly status: number;
  readonly cause: Cause | null;
  readonly detail: string;
  readonly failedAttempts: readonly DiagnosedAttempt[];
  readonly startedWallMs: number;
  readonly durationMs: number;
  readonly requestId: string;
}

interface DiagnosedAttempt {
  readonly endpoint: string;
  readonly cause: Cause;
  readonly detail: string;
}

/** One of the exchanges behind a group, so that an operator has something to look for. */
export interface FailureExample {
  readonly wallMs: number;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly clientAddress: string;
  /** What the client got in the end. */
  readonly status: number;
  /** The system's code or a parser's remark. */
  readonly detail: string;
  readonly durationMs: number;
  readonly requestId: string;
}

/** Failures of one kind since the last batch. Fit for a message between threads. */
export interface FailureTally {
  readonly cause: Cause;
  readonly listener: string;
  /** "" when none matched. */
  readonly route: string;
  readonly pool: string;
  /** "" when none was involved. */
  readonly endpoint: string;
  /** Exchanges that failed. */
  readonly failed: number;
  /** Attempts that failed and that another attempt made good. */
  readonly recovered: number;
  readonly firstWallMs: number;
  readonly lastWallMs: number;
  readonly example: FailureExample;
}

export interface FailureBatch {
  readonly tallies: readonly FailureTally[];
  /** Failures beyond the number of groups a batch may have. */
  readonly ungrouped: number;
}

export interface FailureCollectorParts {
  readonly clock: Clock;
  readonly send: (batch: FailureBatch) => void;
  /** Groups in one batch. Default 200. */
  readonly groupsMax?: number;
  /** Least time between two batches. Default 1000. */
  readonly intervalMs?: number;
}

type OpenTally = { -readonly [Name in keyof FailureTally]: FailureTally[Name] };

/** Longer texts of an example are cut. */
const exampleCharsMax = 512;

export class FailureCollector {
  readonly #parts: FailureCollectorParts;
  #tallies = new Map<string, OpenTally>();
  #ungrouped = 0;
  #timer: Timer | null = null;

  constructor(parts: FailureCollectorParts) {
    this.#parts = parts;
  }

  /** Takes note of the exchange if anything about it failed. */
  exchangeFinished(exchange: DiagnosedExchange): void {
    const { cause, failedAttempts } = exchange;
    if (cause === null && failedAttempts.length === 0) return;
    const last = failedAttempts.at(-1);
    // The attempt that ended the exchange stands in both places; it counts once, as a failure.
    const isLastFinal = last !== undefined && last.cause === cause;
    for (const attempt of failedAttempts) {
      if (!(isLastFinal && attempt === last)) {
        this.#count(exchange, attempt.cause, attempt.endpoint, attempt.detail, cause === null);
      }
    }
    if (cause !== null) {
      const endpoint = isLastFinal ? last.endpoint : (exchange.endpoint?.name ?? "");
      this.#count(exchange, cause, endpoint, exchange.detail, false);
    }
  }

  /** A head was refused before an exchange began. */
  headRefused(listenerName: string, cause: Cause, status: number, clientAddress: string): void {
    const nothing = {
      method: "",
      target: "",
      host: "",
      routeName: "",
      poolName: "",
      detail: "",
      requestId: "",
    };
    const times = { startedWallMs: this.#parts.clock.wallMs(), durationMs: 0 };
    const exchange = { ...nothing, ...times, listenerName, status, clientAddress, cause };
    this.exchangeFinished({ ...exchange, endpoint: null, failedAttempts: [] });
  }

  /** Sends what there is, as before the worker ends. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#tallies.size === 0 && this.#ungrouped === 0) return;
    const batch = { tallies: [...this.#tallies.values()], ungrouped: this.#ungrouped };
    this.#tallies = new Map();
    this.#ungrouped = 0;
    this.#parts.send(batch);
  }

  #count(
    exchange: DiagnosedExchange,
    cause: Cause,
    endpoint: string,
    detail: string,
    isRecovered: boolean,
  ): void {
    this.#timer ??= this.#parts.clock.setTimer(this.#parts.intervalMs ?? 1000, () => this.flush());
    const { listenerName: listener, routeName: route, poolName: pool } = exchange;
    const key = groupKey({ cause, listener, route, pool, endpoint });
    const tally = this.#tallies.get(key);
    if (tally !== undefined) {
      if (isRecovered) tally.recovered++;
      else tally.failed++;
      tally.lastWallMs = exchange.startedWallMs + exchange.durationMs;
    } else if (this.#tallies.size >= (this.#parts.groupsMax ?? 200)) {
      this.#ungrouped++;
    } else {
      const wallMs = exchange.startedWallMs + exchange.durationMs;
      const counts = { failed: Number(!isRecovered), recovered: Number(isRecovered) };
      const seen = { firstWallMs: wallMs, lastWallMs: wallMs, example: exampleOf(exchange, detail) };
      this.#tallies.set(key, { cause, listener, route, pool, endpoint, ...counts, ...seen });
    }
  }
}

/** What makes two failures the same kind. */
export function groupKey(
  kind: Pick<FailureTally, "cause" | "listener" | "route" | "pool" | "endpoint">,
): string {
  return `${kind.cause}\n${kind.listener}\n${kind.route}\n${kind.pool}\n${kind.endpoint}`;
}

function exampleOf(exchange: DiagnosedExchange, detail: string): FailureExample {
  const { method, target, host, clientAddress, status, startedWallMs, durationMs, requestId } = exchange;
  return {
    wallMs: startedWallMs + durationMs,
    method: shortened(method),
    target: shortened(target),
    host: shortened(host),
    clientAddress,
    status,
    detail: shortened(detail),
    durationMs,
    requestId: shortened(requestId),
  };
}

function shortened(text: string): string {
  return compactCopy(text.length > exampleCharsMax ? `${text.slice(0, exampleCharsMax)}…` : text);
}
