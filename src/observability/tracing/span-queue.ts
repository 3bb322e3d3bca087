/**
 * Spans on their way to a collector: bounded in number, sent in batches, one at a time, as soon as there is
 * a full one or a moment has passed. A collector that is slow or gone costs spans, which are counted, and
 * nothing else.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { SpanExporter } from "./span-exporter.ts";
import type { SpanRecord } from "./spans.ts";

export interface SpanCounts {
  readonly exported: number;
  /** There was no room for them, here or in a worker. */
  readonly dropped: number;
  /** The collector did not take them. */
  readonly failed: number;
}

export interface SpanQueueParts {
  readonly exporter: SpanExporter;
  readonly clock: Clock;
  readonly log: Log;
  /** Spans held. Default 8192. */
  readonly spansMax?: number;
  /** Spans in one message. Default 512. */
  readonly batchMax?: number;
  /** How long a span waits for company. Default 1000. */
  readonly delayMs?: number;
}

/** Between two warnings. */
const warnEveryMs = 60_000;

export class SpanQueue {
  readonly #parts: SpanQueueParts;
  readonly #spansMax: number;
  readonly #batchMax: number;
  #spans: SpanRecord[] = [];
  #timer: Timer | null = null;
  #sending: Promise<void> | null = null;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #exported = 0;
  #dropped = 0;
  #failed = 0;

  constructor(parts: SpanQueueParts) {
    this.#parts = parts;
    this.#spansMax = parts.spansMax ?? 8192;
    this.#batchMax = parts.batchMax ?? 512;
  }

  get counts(): SpanCounts {
    return { exported: this.#exported, dropped: this.#dropped, failed: this.#failed };
  }

  add(spans: readonly SpanRecord[]): void {
    const room = Math.max(0, this.#spansMax - this.#spans.length);
    this.#spans.push(...spans.slice(0, room));
    this.#dropped += Math.max(0, spans.length - room);
    if (this.#spans.length >= this.#batchMax) this.#pump();
    else this.#timer ??= this.#parts.clock.setTimer(this.#parts.delayMs ?? 1000, () => this.#pump());
  }

  /** Sends what is held and ends; the exporter's time limit bounds it. */
  async close(): Promise<void> {
    while (this.#spans.length > 0 || this.#sending !== null) {
      this.#pump();
      await this.#sending;
    }
    this.#timer?.cancel();
    await this.#parts.exporter.close();
  }

  #pump(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#sending !== null || this.#spans.length === 0) return;
    const batch = this.#spans.slice(0, this.#batchMax);
    this.#spans = this.#spans.slice(this.#batchMax);
    this.#sending = this.#send(batch).then(() => {
      this.#sending = null;
      if (this.#spans.length > 0) this.#pump();
    });
  }

  async #send(batch: readonly SpanRecord[]): Promise<void> {
    try {
      await this.#parts.exporter.send(batch);
      this.#exported += batch.length;
    } catch (error) {
      this.#failed += batch.length;
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    const { clock, log } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs - this.#warnedMs < warnEveryMs) return;
    this.#warnedMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("the trace collector does not take spans", { reason, failed: this.#failed });
  }
}
