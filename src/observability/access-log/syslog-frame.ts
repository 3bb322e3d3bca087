/**
 * RFC 5424: the header that turns a line of the access log into a syslog message. One line is one
 * message; the sender takes the lines apart again. Structured data is not used: the line has it all.
 *
 *   <134>1 2026-11-21T03:09:00.123Z host headgate 4711 access - {"time":…}
 */
import type { AccessRecord } from "./access-record.ts";
import type { LineFormat } from "./line-format.ts";
import { isoTime } from "./time-text.ts";

export interface SyslogSettings {
  /** 0 to 23; 16 is local0 (RFC 5424 §6.2.1). */
  readonly facility: number;
  readonly hostName: string;
  /** APP-NAME, `headgate` unless several run side by side. */
  readonly appName: string;
  readonly processId: number;
}

const severity = { error: 3, warning: 4, informational: 6 } as const;

/** `format` with the header in front. Exchanges Headgate failed are warnings, its own faults errors. */
export function syslogFormat(settings: SyslogSettings, format: LineFormat): LineFormat {
  const hostName = headerToken(settings.hostName, 255);
  const rest = ` ${hostName} ${headerToken(settings.appName, 48)} ${settings.processId} access - `;
  const opening = (level: number): string => `<${settings.facility * 8 + level}>1 `;
  const informational = opening(severity.informational);
  const warning = opening(severity.warning);
  const error = opening(severity.error);
  return (record) => {
    const priority = record.cause === "internal-error" ? error : isTrouble(record) ? warning : informational;
    return priority + isoTime(record.startedWallMs + record.durationMs) + rest + format(record);
  };
}

function isTrouble(record: AccessRecord): boolean {
  return record.status >= 500;
}

/** PRINTUSASCII of bounded length, or the nil value (RFC 5424 §6). */
function headerToken(text: string, charsMax: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "").slice(0, charsMax) || "-";
}
