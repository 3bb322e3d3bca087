/** Metrics of the program itself: threads, memory, configuration, certificates, the access log, events. */
import type { LineCounts } from "../access-log/line-writer.ts";
import { type Collector, counterFamily, gaugeFamily, type Sample } from "./metric-family.ts";

export interface WorkerReading {
  readonly worker: string;
  /** 99th percentile of how late the event loop was, since the last reading. */
  readonly loopDelayMs: number;
  /** Share of time the event loop was busy since the last reading, 0 to 1. */
  readonly loopUtilization: number;
  readonly heapBytes: number;
  /** Times this worker was replaced after it died. */
  readonly restarts: number;
}

export interface ProcessReading {
  readonly version: string;
  readonly startedWallMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly workers: readonly WorkerReading[];
}

export interface ConfigReading {
  readonly revision: number;
  readonly reloadsApplied: number;
  readonly reloadsRejected: number;
  readonly isLastReloadApplied: boolean;
  readonly lastAppliedWallMs: number;
  readonly certificates: readonly { readonly name: string; readonly expiresWallMs: number }[];
}

function single(value: number): Sample[] {
  return [{ labels: {}, value }];
}

/** Names without prefix are those every Prometheus client library uses. */
export function processMetrics(read: () => ProcessReading): Collector {
  return () => {
    const { version, startedWallMs, cpuSeconds, residentBytes, workers } = read();
    const perWorker = (value: (row: WorkerReading) => number): Sample[] =>
      workers.map((row) => ({ labels: { worker: row.worker }, value: value(row) }));
    return [
      gaugeFamily("headgate_build_info", "Always 1; the version is a label.", [
        { labels: { version }, value: 1 },
      ]),
      gaugeFamily(
        "process_start_time_seconds",
        "When the process started, Unix time.",
        single(startedWallMs / 1000),
      ),
      counterFamily("process_cpu_seconds", "User and system time of all threads.", single(cpuSeconds)),
      gaugeFamily("process_resident_memory_bytes", "Resident memory.", single(residentBytes)),
      gaugeFamily(
        "headgate_worker_event_loop_delay_seconds",
        "99th percentile of how late the worker's event loop was.",
        perWorker((row) => row.loopDelayMs / 1000),
      ),
      gaugeFamily(
        "headgate_worker_event_loop_utilization_ratio",
        "Share of time the worker's event loop was busy.",
        perWorker((row) => row.loopUtilization),
      ),
      gaugeFamily(
        "headgate_worker_heap_bytes",
        "Memory in use by the worker's JavaScript heap.",
        perWorker((row) => row.heapBytes),
      ),
      counterFamily(
        "headgate_worker_restarts",
        "Times the worker died and was replaced.",
        perWorker((row) => row.restarts),
      ),
    ];
  };
}

export function configMetrics(read: () => ConfigReading): Collector {
  return () => {
    const config = read();
    return [
      gaugeFamily(
        "headgate_config_revision",
        "Number of the running configuration.",
        single(config.revision),
      ),
      counterFamily("headgate_config_reloads", "Reloads by result.", [
        { labels: { result: "applied" }, value: config.reloadsApplied },
        { labels: { result: "rejected" }, value: config.reloadsRejected },
      ]),
      gaugeFamily(
        "headgate_config_last_reload_applied",
        "1 unless the last reload was rejected.",
        single(Number(config.isLastReloadApplied)),
      ),
      gaugeFamily(
        "headgate_config_last_applied_timestamp_seconds",
        "When the running configuration was applied, Unix time.",
        single(config.lastAppliedWallMs / 1000),
      ),
      gaugeFamily(
        "headgate_certificate_expiry_timestamp_seconds",
        "When the certificate expires, Unix time.",
        config.certificates.map(({ name, expiresWallMs }) => ({
          labels: { certificate: name },
          value: expiresWallMs / 1000,
        })),
      ),
    ];
  };
}

export interface AutomaticCertificateReading {
  readonly name: string;
  readonly state: string;
  readonly renewals: number;
  readonly failures: number;
}

const automaticStates = ["valid", "pending", "failing"];

/** Certificates that an authority gives; nothing where there are none. */
export function automaticCertificateMetrics(read: () => readonly AutomaticCertificateReading[]): Collector {
  return () => {
    const rows = read();
    if (rows.length === 0) return [];
    return [
      gaugeFamily(
        "headgate_acme_certificates",
        "Names whose certificates come from an authority, by state.",
        automaticStates.map((state) => ({
          labels: { state },
          value: rows.filter((row) => row.state === state).length,
        })),
      ),
      counterFamily(
        "headgate_acme_renewals",
        "Certificates that were issued, the first one of each name included.",
        rows.map(({ name, renewals }) => ({ labels: { certificate: name }, value: renewals })),
      ),
      gaugeFamily(
        "headgate_acme_failures",
        "Orders that failed in a row.",
        rows.map(({ name, failures }) => ({ labels: { certificate: name }, value: failures })),
      ),
    ];
  };
}

/** Summed over the workers. */
export function accessLogMetrics(read: () => LineCounts): Collector {
  return () => {
    const { written, dropped, lost } = read();
    return [
      counterFamily("headgate_access_log_lines", "Lines of the access log by what became of them.", [
        { labels: { result: "written" }, value: written },
        { labels: { result: "dropped" }, value: dropped },
        { labels: { result: "lost" }, value: lost },
      ]),
    ];
  };
}

/** Counts by kind, such as `EventLog.countsByKind` gives. */
export function eventMetrics(read: () => ReadonlyMap<string, number>): Collector {
  return () => [
    counterFamily(
      "headgate_events",
      "Events of the control plane by kind: health transitions, ejections, reloads and others.",
      [...read()].map(([kind, value]) => ({ labels: { kind }, value })),
    ),
  ];
}
