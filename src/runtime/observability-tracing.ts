/** The export of spans over reloads, in the main thread: begins, changes and ends as the configuration says. */
import type { TracingConfig } from "../config/schema-tracing.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { counterFamily, type MetricFamily } from "../observability/metrics/metric-family.ts";
import type { OtlpSettings } from "../observability/tracing/otlp-exporter.ts";
import { type SpanCounts, SpanQueue } from "../observability/tracing/span-queue.ts";
import { spansOf } from "../observability/tracing/spans.ts";
import type { TraceBatch } from "../observability/tracing/trace-batcher.ts";

export interface TraceExportParts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Batches of workers kept while OpenTelemetry's packages are loaded. */
const earlyMax = 16;
/** What may be lost at the end rather than keep the program from ending. */
const farewellMs = 2000;

export class TraceExport {
  readonly #parts: TraceExportParts;
  #settingsText = "null";
  #queue: SpanQueue | null = null;
  /** Queues that were replaced and still bring out their last spans. */
  readonly #retiring = new Set<SpanQueue>();
  #loading: Promise<void> | null = null;
  /** What came while the exporter was being made. */
  #early: TraceBatch[] = [];
  /** Of queues that are closed, and of what never reached one. */
  #past: SpanCounts = { exported: 0, dropped: 0, failed: 0 };

  constructor(parts: TraceExportParts) {
    this.#parts = parts;
  }

  /** Null, or no `export` in it, ends the export. */
  apply(config: TracingConfig | null): void {
    const wanted = config?.export ?? null;
    const settingsText = JSON.stringify(wanted);
    if (settingsText === this.#settingsText) return;
    this.#settingsText = settingsText;
    void this.#retire();
    if (wanted === null) return;
    const { url, headers, timeout, service, attributes } = wanted;
    this.#loading = this.#open({ url, headers, timeoutMs: timeout, service, attributes }, settingsText);
  }

  /** Exchanges of a worker. */
  receive({ exchanges, dropped }: TraceBatch): void {
    // Nobody knows how many spans an exchange that was left out had; it had one at least.
    this.#lose(dropped);
    if (this.#queue !== null) this.#queue.add(exchanges.flatMap(spansOf));
    else if (this.#loading !== null && this.#early.length < earlyMax)
      this.#early.push({ exchanges, dropped: 0 });
    else this.#lose(exchanges.length);
  }

  /** Counts of spans since the start. */
  metrics(): readonly MetricFamily[] {
    const queues = this.#queue === null ? [...this.#retiring] : [...this.#retiring, this.#queue];
    const samples = (["exported", "dropped", "failed"] as const).map((result) => ({
      labels: { result },
      value: queues.reduce((sum, { counts }) => sum + counts[result], this.#past[result]),
    }));
    return [counterFamily("headgate_trace_spans", "Spans by what became of them.", samples)];
  }

  /** Brings out what is held, but does not wait long. */
  async close(): Promise<void> {
    let end: () => void = () => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    const timer = this.#parts.clock.setTimer(farewellMs, () => end());
    await Promise.race([this.#loading?.then(() => this.#retire()) ?? this.#retire(), over]);
    timer.cancel();
  }

  async #open(settings: OtlpSettings, settingsText: string): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      const { otlpExporter } = await import("../observability/tracing/otlp-exporter.ts");
      const exporter = await otlpExporter(settings);
      // A reload may have come meanwhile.
      if (settingsText === this.#settingsText) this.#queue = new SpanQueue({ exporter, clock, log });
      else await exporter.close();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("traces cannot be exported", { reason });
    }
    if (settingsText === this.#settingsText) this.#endLoading();
  }

  #endLoading(): void {
    this.#loading = null;
    const early = this.#early;
    this.#early = [];
    for (const batch of early) this.receive(batch);
  }

  async #retire(): Promise<void> {
    const queue = this.#queue;
    this.#queue = null;
    if (queue === null) return;
    this.#retiring.add(queue);
    await queue.close();
    this.#retiring.delete(queue);
    const { exported, dropped, failed } = queue.counts;
    this.#past = {
      exported: this.#past.exported + exported,
      dropped: this.#past.dropped + dropped,
      failed: this.#past.failed + failed,
    };
  }

  #lose(spans: number): void {
    this.#past = { ...this.#past, dropped: this.#past.dropped + spans };
  }
}
