/**
 * Reads lines of the common and combined formats, as Headgate, nginx, Apache and many others write them.
 * What follows the user agent may tell more, as many put it there: the request's seconds (`0.012`, or
 * `rt=0.012`) and the endpoint (`10.0.0.1:8080`, or `upstream=…`), quoted or not.
 */
import { type LogEntry, logEntry, withoutQuery } from "./log-entry.ts";

const shape =
  /^(\S+) \S+ (?:[^[]*?) ?\[([^\]]{20,32})\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?(.*)$/;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Null when the line is none of these. */
export function commonEntry(line: string): LogEntry | null {
  const match = shape.exec(line);
  if (match === null) return null;
  const [, client = "", time = "", request = "", status = "", bytes = "", more = ""] = match;
  const wallMs = commonTimeMs(time);
  if (Number.isNaN(wallMs)) return null;
  const [method = "", target = ""] = request.split(" ");
  const entry = logEntry({
    wallMs,
    status: Number(status),
    client,
    method,
    path: withoutQuery(target),
    bytesOut: bytes === "-" ? 0 : Number(bytes),
  });
  return more === "" ? entry : { ...entry, ...extraFields(more) };
}

let knownMinute = "";
let knownMinuteMs = 0;
let knownZone = "";

/** `21/Nov/2026:03:09:00 +0100`; NaN when it is none. A minute is worked out once. */
function commonTimeMs(time: string): number {
  const minute = time.slice(0, 17);
  const zone = time.slice(21);
  if (minute !== knownMinute || zone !== knownZone) {
    const parts = /^(\d{2})\/(\w{3})\/(\d{4}):(\d{2}):(\d{2})$/.exec(minute);
    const offset = /^([+-])(\d{2})(\d{2})$/.exec(zone);
    const month = months.indexOf(parts?.[2] ?? "");
    if (parts === null || offset === null || month < 0) return Number.NaN;
    const [, sign, hours, minutes] = offset;
    const awayMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
    const [, day, , year, hour, minuteOfHour] = parts.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    knownMinuteMs = Date.UTC(year, month, day, hour, minuteOfHour) - awayMs;
    knownMinute = minute;
    knownZone = zone;
  }
  return knownMinuteMs + Number(time.slice(18, 20)) * 1000;
}

const secondsWords = new Set(["", "rt", "request_time", "duration"]);
const endpointWords = new Set(["", "upstream", "upstream_addr", "ua", "uaddr"]);

function extraFields(more: string): Partial<LogEntry> {
  const extra: { durationMs?: number; endpoint?: string } = {};
  for (const field of more.trim().split(/\s+/)) {
    const [, word = "", value = ""] = /^(?:(\w+)=)?"?([^"]*)"?$/.exec(field) ?? [];
    if (extra.durationMs === undefined && secondsWords.has(word) && /^\d+\.\d+$/.test(value))
      extra.durationMs = Number(value) * 1000;
    else if (endpointWords.has(word) && /^(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5},?$|^unix:/.test(value))
      // Several stand with commas between; the last one answered.
      extra.endpoint = value.replace(/,$/, "");
  }
  return extra;
}
