/**
 * Writes the Log: one readable line for a person at a terminal, or one JSON object a line for machines.
 * The access log is another thing and has its own file.
 */
import pino from "pino";
import sonicBoom from "sonic-boom";
import type { Clock } from "../core/clock.ts";
import type { Log, LogFields, LogLevel, LogValue } from "../core/log.ts";
import { logLevels } from "../core/log.ts";

export type LogFormat = "human" | "json";

/** Where lines go. `write` never blocks; `close` brings out what is still held. */
export interface LogSink {
  write(line: string): void;
  close(): void;
}

export interface LogParts {
  readonly sink: LogSink;
  /** Dates the lines. */
  readonly clock: Pick<Clock, "wallMs">;
  /** The least that is written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Colour the level (human format only). */
  readonly isColored: boolean;
}

/** Lines waiting for a slow reader; beyond this, lines are dropped rather than traffic delayed. */
const heldBytesMax = 1024 * 1024;

/** A sink over a file descriptor, by default standard error. */
export function descriptorSink(fd = 2): LogSink {
  const stream = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: heldBytesMax });
  // A reader that went away is no reason to stop serving.
  stream.on("error", () => {});
  return {
    write: (line) => void stream.write(line),
    close() {
      try {
        stream.flushSync();
      } catch {
        // Nobody is left to read it.
      }
    },
  };
}

export function createLog(parts: LogParts): Log {
  const write = parts.format === "json" ? jsonWriter(parts) : humanWriter(parts);
  const least = logLevels.indexOf(parts.level);
  const at = (level: LogLevel): ((message: string, fields?: LogFields) => void) =>
    logLevels.indexOf(level) < least ? () => {} : (message, fields) => write(level, message, fields ?? {});
  return {
    isDebug: parts.level === "debug",
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

type Writer = (level: LogLevel, message: string, fields: LogFields) => void;

function jsonWriter(parts: LogParts): Writer {
  const logger = pino(
    {
      level: parts.level,
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date(parts.clock.wallMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    parts.sink,
  );
  return (level, message, fields) => logger[level](fields, message);
}

const ansiColors = { debug: 90, info: 36, warn: 33, error: 31 } as const satisfies Record<LogLevel, number>;

/** `14:03:07.120 info  endpoint is down  endpoint=localhost:8081 reason="connection refused"` */
function humanWriter(parts: LogParts): Writer {
  return (level, message, fields) => {
    const time = timeOfDay(parts.clock.wallMs());
    const padded = level.padEnd(5);
    const label = parts.isColored ? `\u001b[${ansiColors[level]}m${padded}\u001b[0m` : padded;
    const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${spell(value)}`);
    parts.sink.write(`${time} ${label} ${oneLine(message)}${rest.length === 0 ? "" : ` ${rest.join("")}`}\n`);
  };
}

function timeOfDay(wallMs: number): string {
  const date = new Date(wallMs);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Bare where that is unambiguous, otherwise quoted as JSON, which also keeps control characters out of terminals. */
function spell(value: LogValue): string {
  const text = typeof value === "object" && value !== null ? value.join(",") : String(value);
  return /^[\w.,:/@%+*[\]-]+$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return oneLine(JSON.stringify(text));
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) =>
    JSON.stringify(character)
      .slice(1, -1)
      .replace(/[\u007f-\u009f]/, "?"),
  );
}
