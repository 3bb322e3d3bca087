/**
 * The Log seam: what a part says to the operator. Messages are plain sentences without values; values
 * are fields, so that they can be searched for. Where lines go and how they look is `observability/`'s.
 */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** From the quietest to the loudest need: a log at one level also writes those after it. */
export const logLevels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

export type LogValue = string | number | boolean | null | readonly string[];
export type LogFields = Readonly<Record<string, LogValue>>;

export interface Log {
  /** True when `debug` writes: ask before building fields on a busy path. */
  readonly isDebug: boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

function ignore(): void {}

/** Says nothing: the default of embedded use. */
export const silentLog: Log = { isDebug: false, debug: ignore, info: ignore, warn: ignore, error: ignore };
