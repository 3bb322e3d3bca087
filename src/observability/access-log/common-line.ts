/**
 * The `common` and `combined` presets, as nginx and Apache write them and every log tool reads them.
 * The time is the end of the exchange, as in nginx; bytes are those of the body.
 *
 *   client - user [21/Nov/2026:03:09:00 +0000] "GET / HTTP/1.1" 200 1234 "referer" "user agent"
 */
import type { AccessRecord } from "./access-record.ts";
import { hexText, hexToken } from "./escape.ts";
import { RecentTexts } from "./recent-texts.ts";
import { commonTime } from "./time-text.ts";

const userAgents = new RecentTexts((text) => ` "${hexText(text) || "-"}"\n`);

/** The line with its line feed. */
export function commonLine(record: AccessRecord): string {
  return `${commonPart(record)}\n`;
}

/** The line with its line feed. */
export function combinedLine(record: AccessRecord): string {
  const referer = hexText(record.header("referer") ?? "") || "-";
  const userAgent = userAgents.get(record.header("user-agent") ?? "");
  return `${commonPart(record)} "${referer}"${userAgent}`;
}

function commonPart(record: AccessRecord): string {
  const user = record.fact("client.user");
  let part = hexToken(record.clientAddress);
  part += user === undefined ? " - - [" : ` - ${hexToken(String(user))} [`;
  part += commonTime(record.startedWallMs + record.durationMs);
  part += `] "${hexText(record.method)} `;
  part += hexText(record.target);
  part += ` ${hexText(record.protocol)}" `;
  return `${part + record.status} ${record.responseBodyBytes}`;
}
