/**
 * The access log put together: which exchanges, in which words, to where. Called once per exchange on the
 * request path; costs one line of text and never waits.
 */
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import type { AccessRecord } from "./access-record.ts";
import { isPreset, type LineFormat, lineFormatOf } from "./line-format.ts";
import { type LineCounts, type LineSink, LineWriter } from "./line-writer.ts";
import { RecordBatch } from "./record-batch.ts";
import { type Selection, selectionOf, type SelectionSettings } from "./selection.ts";
import { type SyslogSettings, syslogFormat } from "./syslog-frame.ts";

export interface AccessLogSettings extends SelectionSettings {
  /** `json`, `logfmt`, `common`, `combined`, or a template. */
  readonly format: string;
  /** Lines kept while the sink is slow. */
  readonly bufferLines: number;
}

export interface AccessLogParts {
  readonly sink: LineSink;
  readonly clock: Pick<Clock, "setTimer">;
  readonly random: Random;
  /** Given when the sink is a syslog sender: lines become messages. */
  readonly syslog?: SyslogSettings;
}

/** Longest times that a record waits to be spelled, and its line to be handed over. */
const batchDelayMs = 50;
const flushDelayMs = 150;
/** Nothing was answered, perhaps never on this connection: what TLS agreed on is then forgotten with it. */
const clientLeft = 499;

export class AccessLog {
  readonly #select: Selection;
  readonly #format: LineFormat;
  readonly #writer: LineWriter;
  /** Null for a template: it may ask for facts of a connection, which does not outlast the exchange. */
  readonly #batch: RecordBatch | null;

  /** Throws a SyntaxError when the format is a template with a problem. */
  constructor(settings: AccessLogSettings, { sink, clock, random, syslog }: AccessLogParts) {
    const format = lineFormatOf(settings.format);
    this.#select = selectionOf(settings, random);
    this.#format = syslog === undefined ? format : syslogFormat(syslog, format);
    this.#writer = new LineWriter({ sink, clock, linesMax: settings.bufferLines, flushDelayMs });
    const spell = (record: AccessRecord): void => this.#writer.write(this.#format(record));
    this.#batch = isPreset(settings.format) ? new RecordBatch({ clock, delayMs: batchDelayMs, spell }) : null;
  }

  /** Writes the exchange if it is wanted. */
  write(record: AccessRecord): void {
    if (!this.#select(record)) return;
    if (this.#batch === null) {
      this.#writer.write(this.#format(record));
      return;
    }
    this.#batch.add(record);
    if (record.isSecure && record.status === clientLeft) this.#batch.flush();
  }

  get counts(): LineCounts {
    const { counts } = this.#writer;
    return { ...counts, held: counts.held + (this.#batch?.count ?? 0) };
  }

  flush(): void {
    this.#batch?.flush();
    this.#writer.flush();
  }

  /** After a rotation, as SIGUSR1 asks for. */
  reopen(): void {
    this.#batch?.flush();
    this.#writer.reopen();
  }

  /** Calls back once everything was written or lost. */
  close(onClosed: () => void): void {
    this.#batch?.close();
    this.#writer.close(onClosed);
  }
}
