/** Reads lines that are JSON: Headgate's `json` preset and Caddy's access log. */
import { type LogEntry, logEntry, type LoggedFailure, withoutQuery } from "./log-entry.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Null when the line is not JSON or tells of no exchange. */
export function jsonEntry(
  line: string,
): { readonly format: "headgate" | "caddy"; readonly entry: LogEntry } | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const isCaddy = isObject(value["request"]);
  const entry = isCaddy ? caddyEntry(value, value["request"] as JsonObject) : headgateEntry(value);
  return entry === null ? null : { format: isCaddy ? "caddy" : "headgate", entry };
}

function headgateEntry(line: JsonObject): LogEntry | null {
  const wallMs = Date.parse(text(line["time"]));
  const status = number(line["status"]);
  if (Number.isNaN(wallMs) || Number.isNaN(status)) return null;
  const failures = line["failedAttempts"];
  return logEntry({
    wallMs,
    status,
    durationMs: number(line["durationMs"]),
    firstByteMs: number(line["firstByteMs"]),
    connectMs: number(line["connectMs"]),
    queueMs: number(line["queueMs"]),
    client: text(line["client"]),
    method: text(line["method"]),
    path: withoutQuery(text(line["target"])),
    route: text(line["route"]),
    pool: text(line["pool"]),
    endpoint: text(line["endpoint"]),
    cause: text(line["cause"]),
    bytesIn: number(line["bytesIn"]) || 0,
    bytesOut: number(line["bytesOut"]) || 0,
    ...(Array.isArray(failures) ? { failedAttempts: failures.flatMap(failureOf) } : {}),
  });
}

function failureOf(value: unknown): LoggedFailure[] {
  return isObject(value) ? [{ endpoint: text(value["endpoint"]), cause: text(value["cause"]) }] : [];
}

/** `ts` and `duration` are seconds, or text where an encoder was configured to write it. */
function caddyEntry(line: JsonObject, request: JsonObject): LogEntry | null {
  const { ts, duration } = line;
  const wallMs = typeof ts === "number" ? ts * 1000 : Date.parse(text(ts).replaceAll("/", "-"));
  const status = number(line["status"]);
  if (Number.isNaN(wallMs) || Number.isNaN(status)) return null;
  return logEntry({
    wallMs,
    status,
    durationMs: typeof duration === "number" ? duration * 1000 : goDurationMs(text(duration)),
    client: text(request["client_ip"]) || text(request["remote_ip"]) || text(request["remote_addr"]),
    method: text(request["method"]),
    path: withoutQuery(text(request["uri"])),
    bytesIn: number(line["bytes_read"]) || 0,
    bytesOut: number(line["size"]) || 0,
  });
}

const goUnits: Readonly<Record<string, number>> = {
  ns: 1e-6,
  µs: 1e-3,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** `1m2.5s`, `812.3µs`; NaN for anything else. */
function goDurationMs(spelled: string): number {
  const parts = [...spelled.matchAll(/(\d+(?:\.\d+)?)(ns|µs|us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== spelled) return Number.NaN;
  return parts.reduce(
    (sum, [, amount, unit = ""]) => sum + Number(amount) * (goUnits[unit] ?? Number.NaN),
    0,
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}
