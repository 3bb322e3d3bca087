/**
 * The main thread's side of observability: the metrics of a scrape, the last hour's failures, and whoever
 * follows exchanges live. It reads shared memory and takes the workers' batches; it asks no worker.
 */
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { SignalReadings } from "../observability/alerts/alert-signals.ts";
import type { CommandRunner } from "../observability/alerts/command-receiver.ts";
import { Diagnosis } from "../observability/diagnosis.ts";
import type { ControlEvent, EventLog } from "../observability/events.ts";
import type { History } from "../observability/history.ts";
import { type Scrape, scrape } from "../observability/metrics.ts";
import { endpointMetrics } from "../observability/metrics/endpoint-metrics.ts";
import { exchangeMetrics } from "../observability/metrics/exchange-metrics.ts";
import { type Collector, counterFamily } from "../observability/metrics/metric-family.ts";
import {
  accessLogMetrics,
  type ConfigReading,
  type AutomaticCertificateReading,
  automaticCertificateMetrics,
  configMetrics,
  eventMetrics,
  processMetrics,
} from "../observability/metrics/process-metrics.ts";
import { type SourceCounts, sourceMetrics } from "../observability/metrics/source-metrics.ts";
import { RecentLatency } from "../observability/metrics/recent-latency.ts";
import { TransitionCounts } from "../observability/metrics/transition-counts.ts";
import type { ProcessUsage } from "../platform/loop-meter.ts";
import {
  endpointNames,
  endpointReadings,
  listenerMetrics,
  poolLatencies,
  protectionMetrics,
  type ProtectionReading,
  rateLimitMetrics,
} from "./metrics-readings.ts";
import { AlertKeeper, poolSignals } from "./observability-alerts.ts";
import { HistoryKeeper } from "./observability-history.ts";
import type { ObservabilityReport } from "./observability-share.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import { TraceExport } from "./observability-tracing.ts";
import { ExchangeViewers } from "./observability-viewers.ts";
import { PanicWatch } from "./panic-watch.ts";
import type { Revision } from "./revisions.ts";
import type { SharedState } from "./shared-state.ts";

export interface ObservabilityParts {
  readonly clock: Clock;
  readonly shared: SharedState;
  readonly events: EventLog;
  readonly log: Log;
  readonly runCommand: CommandRunner;
  /** Null before the first. */
  currentRevision(): Revision | null;
  certificates(): ConfigReading["certificates"];
  automaticCertificates(): readonly AutomaticCertificateReading[];
  protections(): readonly ProtectionReading[];
  endpointSources(): readonly SourceCounts[];
  processUsage(): ProcessUsage;
  /** To every data plane. */
  setExchangeFilters(filters: readonly ExchangeFilter[]): void;
}

export interface ScrapeOptions {
  /** The request's Accept header, which may ask for OpenMetrics. */
  readonly accept?: string | undefined;
  /** Of this program. */
  readonly version: string;
}

export class Observability {
  readonly diagnosis: Diagnosis;
  /** Who follows exchanges live. */
  readonly viewers: ExchangeViewers;
  readonly alerts: AlertKeeper;
  readonly traces: TraceExport;
  readonly #history: HistoryKeeper;
  readonly #recent = new RecentLatency();
  readonly #transitions = new TransitionCounts();
  readonly #parts: ObservabilityParts;
  #isLastReloadApplied = true;
  #version = "";
  readonly #collectors: readonly Collector[];

  constructor(parts: ObservabilityParts) {
    this.#parts = parts;
    this.diagnosis = new Diagnosis(parts.clock);
    const panic = new PanicWatch(parts);
    this.#history = new HistoryKeeper(parts.clock, parts.shared, () => {
      this.#recent.note(parts.clock.nowMs(), () => poolLatencies(parts.shared.counters));
      const config = parts.currentRevision()?.config;
      if (config !== undefined) panic.look(config);
    });
    this.viewers = new ExchangeViewers((filters) => parts.setExchangeFilters(filters));
    this.alerts = new AlertKeeper({ ...parts, readings: () => this.#signals() });
    this.traces = new TraceExport(parts);
    this.#collectors = this.#collectorsOf(parts);
    parts.events.subscribe((event) => this.#notice(event));
  }

  /** The last hour, second by second and in steps of ten. */
  get history(): History {
    return this.#history.history;
  }

  /** Begins to keep history. */
  start(): void {
    this.#history.start();
  }

  async close(): Promise<void> {
    this.alerts.close();
    this.#history.close();
    await this.traces.close();
  }

  /** What a data plane tells. */
  receive(report: ObservabilityReport): void {
    if (report.kind === "failures") this.diagnosis.addBatch(report.batch);
    else if (report.kind === "traces") this.traces.receive(report.batch);
    else this.viewers.receive(report.batch);
  }

  /** All metrics in Prometheus' text format, or OpenMetrics. */
  metrics({ accept, version }: ScrapeOptions): Scrape {
    this.#version = version;
    return scrape(this.#collectors, accept);
  }

  #collectorsOf(parts: ObservabilityParts): readonly Collector[] {
    const { shared, events, protections, endpointSources, processUsage } = parts;
    return [
      exchangeMetrics(shared.counters),
      endpointMetrics(() => endpointReadings(shared)),
      listenerMetrics(shared),
      protectionMetrics(() => protections()),
      rateLimitMetrics(() => shared.rateVerdicts.values()),
      sourceMetrics(() => endpointSources()),
      processMetrics(() => ({
        ...processUsage(),
        version: this.#version,
        workers: shared.vitals.readWorkers(),
      })),
      configMetrics(() => this.#readConfig()),
      automaticCertificateMetrics(() => this.#parts.automaticCertificates()),
      accessLogMetrics(() => ({ ...shared.vitals.readLines(), held: 0 })),
      () => this.traces.metrics(),
      () => this.#recent.metrics(poolLatencies(shared.counters)),
      () => this.#transitions.metrics(endpointNames(shared)),
      () => this.#deliveryMetrics(),
      eventMetrics(() => events.countsByKind()),
    ];
  }

  #signals(): SignalReadings {
    const { shared, certificates } = this.#parts;
    return {
      pools: poolSignals(shared),
      certificates: certificates(),
      workers: shared.vitals.readWorkers(),
      isLastReloadApplied: this.#isLastReloadApplied,
    };
  }

  #readConfig(): ConfigReading {
    const { events, currentRevision, certificates } = this.#parts;
    const counts = events.countsByKind();
    const revision = currentRevision();
    return {
      revision: revision?.number ?? 0,
      reloadsApplied: (counts.get("config-applied") ?? 0) + (counts.get("config-rolled-back") ?? 0),
      reloadsRejected: counts.get("config-rejected") ?? 0,
      isLastReloadApplied: this.#isLastReloadApplied,
      lastAppliedWallMs: revision?.wallMs ?? 0,
      certificates: certificates(),
    };
  }

  #deliveryMetrics(): ReturnType<Collector> {
    const samples = [...this.alerts.deliveries()].flatMap(([receiver, { delivered, lost }]) => [
      { labels: { receiver, result: "delivered" }, value: delivered },
      { labels: { receiver, result: "lost" }, value: lost },
    ]);
    return [counterFamily("headgate_alert_messages", "Messages about alerts by receiver.", samples)];
  }

  #notice(event: ControlEvent): void {
    const { kind } = event;
    this.#transitions.note(event);
    if (kind === "config-rejected") this.#isLastReloadApplied = false;
    if (kind === "config-applied" || kind === "config-rolled-back") this.#isLastReloadApplied = true;
  }
}
