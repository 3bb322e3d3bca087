/**
 * The access log of one thread over reloads: opened, replaced and closed as the configuration says. Each
 * worker appends lines of its own to the same file; nothing is sent between threads. What a line says is
 * `observability/`'s business.
 */
import { hostname } from "node:os";
import type { AccessLogConfig } from "../config/schema-logging.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { AccessLog, type AccessLogParts } from "../observability/access-log/access-log.ts";
import type { AccessRecord } from "../observability/access-log/access-record.ts";
import type { LineSink } from "../observability/access-log/line-writer.ts";
import type { LineTotals } from "./observability-vitals.ts";
import { fileLineSink, stdoutLineSink, udpLineSink } from "../platform/log-sink.ts";
import { tcpSyslogSink, tlsSyslogSink, unixSyslogSink } from "../platform/syslog-stream-sink.ts";

export interface AccessLogsParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Opens where lines go; the platform's sinks by default. */
  readonly openSink?: (path: string, caPem: string | null) => LineSink;
}

/** local0 (RFC 5424 §6.2.1). */
const syslogFacility = 16;
const syslogPort = 514;
/** syslog-conn (RFC 6587, IANA). */
const syslogTcpPort = 601;
/** syslog-tls (RFC 5425 §4.1). */
const syslogTlsPort = 6514;
const unixScheme = "syslog+unix:";

export class AccessLogs {
  readonly #parts: AccessLogsParts;
  #log: AccessLog | null = null;
  #settingsText = "null";
  /** Logs that were replaced and still bring out their last lines. */
  readonly #closing = new Map<AccessLog, Promise<void>>();
  #lastError: string | null = null;
  /** What became of the lines of logs that are closed. */
  #past: LineTotals = { written: 0, dropped: 0, lost: 0 };

  constructor(parts: AccessLogsParts) {
    this.#parts = parts;
  }

  /** Null ends logging. A log whose settings are unchanged goes on. `caPem`: what the file `ca` holds. */
  apply(config: AccessLogConfig | null, caPem: string | null = null): void {
    const settingsText = JSON.stringify([config, caPem]);
    if (settingsText === this.#settingsText) return;
    this.#retire();
    this.#settingsText = settingsText;
    if (config !== null) this.#log = this.#open(config, caPem);
  }

  /** On the request path. */
  write(record: AccessRecord): void {
    this.#log?.write(record);
  }

  /** What became of lines since the thread began. */
  get totals(): LineTotals {
    let totals = this.#past;
    for (const log of this.#closing.keys()) totals = added(totals, log.counts);
    return this.#log === null ? totals : added(totals, this.#log.counts);
  }

  /** Why lines were lost last: the system's words. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** After a rotation: lines from here on go to the file that then has the name. */
  reopen(): void {
    this.#log?.reopen();
  }

  /** Resolves once everything was written or lost. */
  async close(): Promise<void> {
    this.#retire();
    await Promise.all(this.#closing.values());
  }

  #open(config: AccessLogConfig, caPem: string | null): AccessLog {
    const { clock, random, openSink = openPlatformSink } = this.#parts;
    const parts = {
      clock,
      random,
      sink: this.#watched(openSink(config.path, caPem)),
    } satisfies AccessLogParts;
    const settings = { ...config, slowMs: config.slow };
    return new AccessLog(settings, isSyslog(config.path) ? { ...parts, syslog: syslogSettings() } : parts);
  }

  #watched(sink: LineSink): LineSink {
    return {
      reopen: () => sink.reopen(),
      close: () => sink.close(),
      write: (lines, done) =>
        sink.write(lines, (error) => {
          if (error !== null) this.#lastError = error.message;
          done(error);
        }),
    };
  }

  #retire(): void {
    const log = this.#log;
    if (log === null) return;
    this.#log = null;
    this.#settingsText = "null";
    const closed = new Promise<void>((resolve) => log.close(resolve)).then(() => {
      this.#past = added(this.#past, log.counts);
      this.#closing.delete(log);
    });
    this.#closing.set(log, closed);
  }
}

function added(totals: LineTotals, { written, dropped, lost }: LineTotals): LineTotals {
  return { written: totals.written + written, dropped: totals.dropped + dropped, lost: totals.lost + lost };
}

function openPlatformSink(path: string, caPem: string | null): LineSink {
  if (path === "stdout") return stdoutLineSink();
  if (!isSyslog(path)) return fileLineSink(path);
  if (path.startsWith(unixScheme)) return unixSyslogSink(path.slice(unixScheme.length));
  const { protocol, hostname: name, port } = new URL(path);
  const host = name.replace(/^\[|\]$/g, "");
  if (protocol === "syslog+tls:") return tlsSyslogSink(host, Number(port || syslogTlsPort), caPem);
  return protocol === "syslog+tcp:"
    ? tcpSyslogSink(host, Number(port || syslogTcpPort))
    : udpLineSink(host, Number(port || syslogPort));
}

function isSyslog(path: string): boolean {
  return /^syslog(?:\+tcp|\+tls|\+unix)?:/.test(path);
}

function syslogSettings(): AccessLogParts["syslog"] & {} {
  return { facility: syslogFacility, hostName: hostname(), appName: "headgate", processId: process.pid };
}
