/**
 * The access log put together: which exchanges, in which words, to where. Called once per exchange on the
 * request path; costs one line of text and never waits.
 */
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import type { AccessRecord } from "./access-record.ts";
import { type LineFormat, lineFormatOf } from "./line-format.ts";
import { type LineCounts, type LineSink, LineWriter } from "./line-writer.ts";
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

export class AccessLog {
  readonly #select: Selection;
  readonly #format: LineFormat;
  readonly #writer: LineWriter;

  /** Throws a SyntaxError when the format is a template with a problem. */
  constructor(settings: AccessLogSettings, parts: AccessLogParts) {
    const format = lineFormatOf(settings.format);
    this.#select = selectionOf(settings, parts.random);
    this.#format = parts.syslog === undefined ? format : syslogFormat(parts.syslog, format);
    this.#writer = new LineWriter({ sink: parts.sink, clock: parts.clock, linesMax: settings.bufferLines });
  }

  /** Writes the exchange if it is wanted. */
  write(record: AccessRecord): void {
    if (this.#select(record)) this.#writer.write(this.#format(record));
  }

  get counts(): LineCounts {
    return this.#writer.counts;
  }

  flush(): void {
    this.#writer.flush();
  }

  /** After a rotation, as SIGUSR1 asks for. */
  reopen(): void {
    this.#writer.reopen();
  }

  /** Calls back once everything was written or lost. */
  close(onClosed: () => void): void {
    this.#writer.close(onClosed);
  }
}
