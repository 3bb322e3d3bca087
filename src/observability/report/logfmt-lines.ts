/** Reads lines of Headgate's `logfmt` preset. */
import { type LogEntry, logEntry, type LoggedFailure, withoutQuery } from "./log-entry.ts";

const pairs = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)/g;

/** Null when the line tells of no exchange. */
export function logfmtEntry(line: string): LogEntry | null {
  const values = new Map<string, string>();
  for (const [, key = "", value = ""] of line.matchAll(pairs)) values.set(key, unquoted(value));
  const wallMs = Date.parse(values.get("time") ?? "");
  const number = (key: string): number => Number(values.get(key) ?? Number.NaN);
  const status = number("status");
  if (Number.isNaN(wallMs) || Number.isNaN(status)) return null;
  return logEntry({
    wallMs,
    status,
    durationMs: number("durationMs"),
    firstByteMs: number("firstByteMs"),
    connectMs: number("connectMs"),
    queueMs: number("queueMs"),
    client: values.get("client") ?? "",
    method: values.get("method") ?? "",
    path: withoutQuery(values.get("target") ?? ""),
    route: values.get("route") ?? "",
    pool: values.get("pool") ?? "",
    endpoint: values.get("endpoint") ?? "",
    cause: values.get("cause") ?? "",
    bytesIn: number("bytesIn") || 0,
    bytesOut: number("bytesOut") || 0,
    failedAttempts: failuresOf(values.get("failedAttempts") ?? ""),
  });
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    return value.slice(1, -1);
  }
}

/** `b1 connect-refused 0.310ms ECONNREFUSED; b2 …` */
function failuresOf(attempts: string): readonly LoggedFailure[] {
  if (attempts === "") return [];
  return attempts.split("; ").map((attempt) => {
    const [endpoint = "", cause = ""] = attempt.split(" ");
    return { endpoint, cause };
  });
}
