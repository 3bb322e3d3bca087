/**
 * What one thread writes down of its exchanges: counters in shared memory, lines of the access log,
 * failures for the diagnosis, exchanges for whoever follows them live, and sampled traces. Called once per
 * exchange, at its end; sends no message per request.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { ExchangeCounters } from "../observability/exchange-counters.ts";
import { FailureCollector } from "../observability/failure-collector.ts";
import { TraceBatcher } from "../observability/tracing/trace-batcher.ts";
import { tracedExchange } from "../observability/tracing/traced-exchange.ts";
import type { ExchangeRecord } from "../proxy/exchange-record.ts";
import { AccessLogs } from "./access-logs.ts";
import { type Refusal, refusalRecord } from "./observability-refusal.ts";
import type { ObservabilityReport } from "./observability-share.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import { ExchangeTail } from "./observability-tail.ts";
import { type LineTotals, WorkerVitals } from "./observability-vitals.ts";
import type { Snapshot } from "./snapshot.ts";

export interface RecorderParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly workerIndex: number;
  /** The thread's own state; the platform's meter satisfies it. */
  readonly meter: Meter;
  send(report: ObservabilityReport): void;
}

interface Meter {
  read(): { readonly delayMs: number; readonly utilization: number; readonly heapBytes: number };
  close(): void;
}

const tickMs = 1000;
/** Between two warnings about an access log that loses lines. */
const warnEveryMs = 60_000;

export class ObservabilityRecorder {
  readonly #parts: RecorderParts;
  readonly #accessLogs: AccessLogs;
  readonly #failures: FailureCollector;
  readonly #tail: ExchangeTail;
  readonly #traces: TraceBatcher;
  #counters: ExchangeCounters | null = null;
  #vitals: WorkerVitals | null = null;
  #timer: Timer | null = null;
  #toldLines: LineTotals = { written: 0, dropped: 0, lost: 0 };
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: RecorderParts) {
    const { clock } = parts;
    this.#parts = parts;
    this.#accessLogs = new AccessLogs(parts);
    this.#failures = new FailureCollector({
      clock,
      send: (batch) => parts.send({ kind: "failures", batch }),
    });
    this.#tail = new ExchangeTail({ clock, send: (batch) => parts.send({ kind: "exchanges", batch }) });
    this.#traces = new TraceBatcher({ clock, send: (batch) => parts.send({ kind: "traces", batch }) });
  }

  apply({ config, observability, files }: Snapshot): void {
    this.#accessLogs.apply(config.accessLog, files.accessLogCa);
    this.#counters = ExchangeCounters.attach(observability.counters, this.#parts.workerIndex);
    this.#vitals = new WorkerVitals(observability.vitals);
    if (this.#timer === null) this.#tick();
  }

  exchangeFinished(record: ExchangeRecord): void {
    this.#counters?.exchangeFinished(record);
    this.#accessLogs.write(record);
    this.#failures.exchangeFinished(record);
    this.#tail.offer(record);
    if (record.trace !== null && this.#traces.hasRoom())
      this.#traces.add(tracedExchange(record, record.trace));
  }

  refused(refusal: Refusal): void {
    const { listenerName, cause, status, clientAddress } = refusal;
    const record = refusalRecord(refusal, this.#parts.clock.wallMs());
    this.#counters?.headRefused(listenerName, cause);
    this.#accessLogs.write(record);
    this.#failures.headRefused(listenerName, cause, status, clientAddress);
    this.#tail.offer(record);
  }

  /** After a rotation of log files. */
  reopenLogs(): void {
    this.#accessLogs.reopen();
  }

  /** What viewers want to see; empty when nobody looks. */
  setFilters(filters: readonly ExchangeFilter[]): void {
    this.#tail.filters = filters;
  }

  /** Brings out what is held; resolves when it is out. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#failures.flush();
    this.#traces.flush();
    this.#tail.close();
    await this.#accessLogs.close();
    this.#tellLines();
    this.#parts.meter.close();
  }

  #tick(): void {
    const { clock, meter, workerIndex } = this.#parts;
    this.#timer = clock.setTimer(tickMs, () => this.#tick());
    this.#vitals?.setLoop(workerIndex, meter.read());
    this.#tellLines();
  }

  #tellLines(): void {
    const told = this.#toldLines;
    const now = this.#accessLogs.totals;
    this.#toldLines = now;
    const more = {
      written: now.written - told.written,
      dropped: now.dropped - told.dropped,
      lost: now.lost - told.lost,
    };
    this.#vitals?.addLines(this.#parts.workerIndex, more);
    if (more.dropped + more.lost > 0) this.#warn(more);
  }

  #warn({ dropped, lost }: LineTotals): void {
    const { clock, log, workerIndex } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs - this.#warnedMs < warnEveryMs) return;
    this.#warnedMs = nowMs;
    log.warn("access log loses lines", {
      worker: workerIndex,
      dropped,
      lost,
      reason: lost > 0 ? (this.#accessLogs.lastError ?? "it cannot be written") : "it is written too slowly",
    });
  }
}
