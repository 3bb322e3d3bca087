/**
 * The `logfmt` preset: `key=value` pairs, absent values left out. The keys are those of the `json`
 * preset; TLS facts have keys of their own, failed attempts are one quoted value.
 */
import type { AccessRecord, LoggedAttempt } from "./access-record.ts";
import { logfmtValue } from "./escape.ts";
import { FixedParts } from "./fixed-part.ts";
import { MomentTexts } from "./moment-texts.ts";
import { RecentTexts } from "./recent-texts.ts";
import { msText } from "./time-text.ts";

const openings = new MomentTexts((time) => `time=${time} client=`);
const userAgents = new RecentTexts((text) => pair(" userAgent=", text));
const fixedParts = new FixedParts(fixedPart);

/** The line with its line feed, as octets. */
export function logfmtLine(record: AccessRecord): string {
  let line = openings.get(record.startedWallMs) + logfmtValue(record.clientAddress);
  line += fixedParts.get(record);
  line += logfmtValue(record.target);
  line += ` bytesIn=${record.requestBodyBytes} bytesOut=`;
  line += `${record.responseBodyBytes} durationMs=`;
  line += msText(record.durationMs);
  if (record.queueMs > 0) line += ` queueMs=${msText(record.queueMs)}`;
  if (record.connectMs !== null) line += ` connectMs=${msText(record.connectMs)}`;
  if (record.firstByteMs !== null) line += ` firstByteMs=${msText(record.firstByteMs)}`;
  if (record.cause !== null) line += ` cause=${record.cause}`;
  if (record.detail !== "") line += pair(" detail=", record.detail);
  if (record.failedAttempts.length > 0) line += ` failedAttempts=${attemptsValue(record.failedAttempts)}`;
  const userAgent = record.header("user-agent");
  if (userAgent !== undefined) line += userAgents.get(userAgent);
  const referer = record.header("referer");
  if (referer !== undefined) line += pair(" referer=", referer);
  if (record.requestId !== "") line += pair(" requestId=", record.requestId);
  if (record.traceId !== "") line += pair(" traceId=", record.traceId);
  return record.isSecure ? `${line}${tlsPairs(record)}\n` : `${line}\n`;
}

function fixedPart(record: AccessRecord): string {
  return (
    pair(" listener=", record.listenerName) +
    pair(" route=", record.routeName) +
    pair(" pool=", record.poolName) +
    pair(" endpoint=", record.endpoint?.name) +
    ` status=${record.status}` +
    pair(" protocol=", record.protocol) +
    pair(" method=", record.method) +
    pair(" host=", record.host) +
    " target="
  );
}

function pair(key: string, value: string | number | undefined): string {
  return value === undefined || value === "" ? "" : key + logfmtValue(String(value));
}

/** `b1 connect-refused 0.310ms ECONNREFUSED; b2 …` */
function attemptsValue(attempts: readonly LoggedAttempt[]): string {
  const spelled = attempts.map(({ endpoint, cause, detail, durationMs }) =>
    `${endpoint} ${cause} ${msText(durationMs)}ms ${detail}`.trimEnd(),
  );
  return logfmtValue(spelled.join("; "));
}

function tlsPairs(record: AccessRecord): string {
  return (
    pair(" tlsVersion=", record.fact("tls.version")) +
    pair(" tlsCipher=", record.fact("tls.cipher")) +
    pair(" tlsServerName=", record.fact("tls.server_name")) +
    pair(" tlsAlpn=", record.fact("tls.alpn")) +
    pair(" tlsClientSubject=", record.fact("tls.client_subject"))
  );
}
