/** A Log that keeps what it is told, for tests to look at. */
import type { Log, LogFields, LogLevel } from "../../src/core/log.ts";

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export interface CaptureLog extends Log {
  readonly entries: readonly LogEntry[];
}

export function captureLog(isDebug = true): CaptureLog {
  const entries: LogEntry[] = [];
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      void entries.push({ level, message, fields });
  return {
    isDebug,
    entries,
    debug: isDebug ? at("debug") : () => {},
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}
