/**
 * When lists of revoked certificates end (RFC 5280 §5.1.2.5). OpenSSL lets nobody in by a list that has
 * expired, and nothing renews one but whoever publishes it, so that somebody has to be told in time.
 */
import type { Log, LogFields } from "../core/log.ts";
import { childrenOf, type DerNode, derTag, readDer } from "./der.ts";

/** Lists live for days; a quarter of that is left when it is time to worry. */
const worryingShare = 1 / 4;
const worryAtMostMs = 14 * 86_400_000;

export interface RevocationList {
  /** From here on a fresh one should have come. */
  readonly worryFromMs: number;
  readonly endsMs: number;
}

const blocks = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;

/** Those that say when they end. What cannot be read is left to OpenSSL, which refuses it. */
export function readRevocationLists(pem: string): readonly RevocationList[] {
  return [...pem.matchAll(blocks)].flatMap(([, text = ""]) => {
    try {
      return readList(Buffer.from(text, "base64"));
    } catch {
      return [];
    }
  });
}

/** "has expired on 2030-01-01: it lets nobody in"; null while all of them are good. */
export function revocationWarning(pem: string, nowMs: number): string | null {
  const [first] = readRevocationLists(pem).toSorted((a, b) => a.endsMs - b.endsMs);
  if (first === undefined || nowMs < first.worryFromMs) return null;
  const date = new Date(first.endsMs).toISOString().slice(0, 16).replace("T", " ");
  return first.endsMs <= nowMs
    ? `has expired on ${date} UTC: nobody is let in`
    : `expires on ${date} UTC: nobody is let in from then on`;
}

/** One line, unless the list is good. `fields` say whose it is. */
export function warnOfRevocationList(log: Log, nowMs: number, pem: string, fields: LogFields): void {
  const reason = revocationWarning(pem, nowMs);
  if (reason !== null) log.warn("a list of revoked certificates needs renewal", { ...fields, reason });
}

/** How long until there is something new to say of it; Infinity when there never will be. */
export function revocationNewsInMs(pem: string, nowMs: number): number {
  const moments = readRevocationLists(pem).flatMap(({ worryFromMs, endsMs }) => [worryFromMs, endsMs]);
  return Math.min(...moments.filter((moment) => moment > nowMs).map((moment) => moment - nowMs));
}

/** CertificateList → tbsCertList: version?, signature, issuer, thisUpdate, nextUpdate?, … */
function readList(der: Buffer): readonly RevocationList[] {
  const [tbs] = childrenOf(readDer(der)[0]);
  const fields = childrenOf(tbs);
  const start = fields[0]?.tag === derTag.integer ? 3 : 2;
  const [beginsMs, endsMs] = [timeOf(fields[start]), timeOf(fields[start + 1])];
  if (beginsMs === null || endsMs === null) return [];
  const worryMs = Math.min((endsMs - beginsMs) * worryingShare, worryAtMostMs);
  return [{ worryFromMs: endsMs - worryMs, endsMs }];
}

/** UTCTime with its two digits of a year, or GeneralizedTime (RFC 5280 §4.1.2.5). Null for anything else. */
function timeOf(node: DerNode | undefined): number | null {
  if (node === undefined || (node.tag !== derTag.utcTime && node.tag !== derTag.generalizedTime)) return null;
  const text = node.content.toString("latin1");
  const digits = node.tag === derTag.utcTime ? `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (match === null) return null;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...(rest as [number, number, number, number]));
}
