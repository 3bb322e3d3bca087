/**
 * The `json` preset: one object a line, absent values left out. Built by hand, because `JSON.stringify`
 * of an object costs three times as much (bench/access-log.ts).
 */
import type { AccessRecord, LoggedAttempt } from "./access-record.ts";
import { jsonText } from "./escape.ts";
import { FixedParts } from "./fixed-part.ts";
import { MomentTexts } from "./moment-texts.ts";
import { RecentTexts } from "./recent-texts.ts";
import { msText } from "./time-text.ts";

const openings = new MomentTexts((time) => `{"time":"${time}","client":"`);
const noBytesIn = '","bytesIn":0,"bytesOut":';
const userAgents = new RecentTexts((text) => member(`,"userAgent":`, text));
const fixedParts = new FixedParts(fixedPart);

/** The line with its line feed, as octets. `time` is when the request's head was complete. */
export function jsonLine(record: AccessRecord): string {
  // Each addition makes a piece that must be copied later: constants stand with their neighbours.
  let line = openings.get(record.startedWallMs) + jsonText(record.clientAddress);
  line += fixedParts.get(record);
  line += jsonText(record.target);
  const { requestBodyBytes } = record;
  line += requestBodyBytes === 0 ? noBytesIn : `","bytesIn":${requestBodyBytes},"bytesOut":`;
  line += `${record.responseBodyBytes},"durationMs":`;
  line += msText(record.durationMs);
  if (record.queueMs > 0) line += `,"queueMs":${msText(record.queueMs)}`;
  if (record.connectMs !== null) line += `,"connectMs":${msText(record.connectMs)}`;
  if (record.firstByteMs !== null) line += `,"firstByteMs":${msText(record.firstByteMs)}`;
  if (record.cause !== null) line += `,"cause":"${record.cause}"`;
  if (record.detail !== "") line += member(`,"detail":`, record.detail);
  if (record.failedAttempts.length > 0) line += jsonAttempts(record.failedAttempts);
  const userAgent = record.header("user-agent");
  if (userAgent !== undefined) line += userAgents.get(userAgent);
  const referer = record.header("referer");
  if (referer !== undefined) line += member(`,"referer":`, referer);
  if (record.requestId !== "") line += member(`,"requestId":`, record.requestId);
  if (record.traceId !== "") line += member(`,"traceId":`, record.traceId);
  return record.isSecure ? `${line + jsonTls(record)}}\n` : `${line}}\n`;
}

function fixedPart(record: AccessRecord): string {
  return (
    '"' +
    member(`,"listener":`, record.listenerName) +
    member(`,"route":`, record.routeName) +
    member(`,"pool":`, record.poolName) +
    member(`,"endpoint":`, record.endpoint?.name) +
    `,"status":${record.status}` +
    member(`,"protocol":`, record.protocol) +
    member(`,"method":`, record.method) +
    member(`,"host":`, record.host) +
    `,"target":"`
  );
}

/** A member of an object, or nothing when there is no value. */
function member(key: string, value: string | number | undefined): string {
  return value === undefined || value === "" ? "" : `${key}"${jsonText(String(value))}"`;
}

function jsonAttempts(attempts: readonly LoggedAttempt[]): string {
  let list = "";
  for (const { endpoint, cause, detail, durationMs } of attempts) {
    if (list !== "") list += ",";
    list += `{"endpoint":"${jsonText(endpoint)}","cause":"${cause}"${member(`,"detail":`, detail)}`;
    list += `,"durationMs":${msText(durationMs)}}`;
  }
  return `,"failedAttempts":[${list}]`;
}

function jsonTls(record: AccessRecord): string {
  const facts =
    member(`,"version":`, record.fact("tls.version")) +
    member(`,"cipher":`, record.fact("tls.cipher")) +
    member(`,"serverName":`, record.fact("tls.server_name")) +
    member(`,"alpn":`, record.fact("tls.alpn")) +
    member(`,"clientSubject":`, record.fact("tls.client_subject"));
  return `,"tls":{${facts.slice(1)}}`;
}
