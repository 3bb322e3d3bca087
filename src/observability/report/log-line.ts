/** Tells from a line's beginning in which format it is written, and reads it. */
import { commonEntry } from "./common-lines.ts";
import { jsonEntry } from "./json-lines.ts";
import type { LogEntry } from "./log-entry.ts";
import { logfmtEntry } from "./logfmt-lines.ts";

export const logFormats = ["headgate", "caddy", "logfmt", "common"] as const;
export type LogFormat = (typeof logFormats)[number];

export interface ReadLine {
  readonly format: LogFormat;
  readonly entry: LogEntry;
}

/** Null when no format fits, or the line tells of something else than an exchange. */
export function readLogLine(line: string): ReadLine | null {
  if (line.startsWith("{")) return jsonEntry(line);
  // A syslog daemon may have put its own words in front of the object.
  if (line.startsWith("<")) return jsonEntry(line.slice(Math.max(0, line.indexOf("{"))));
  if (line.startsWith("time=")) return readAs("logfmt", logfmtEntry(line));
  return readAs("common", commonEntry(line));
}

function readAs(format: LogFormat, entry: LogEntry | null): ReadLine | null {
  return entry === null ? null : { format, entry };
}
