/** What is wrong, or soon will be, with the certificate files that a configuration names. Reads them, and nothing else. */
import type { Config } from "../config/schema.ts";
import type { ListenerConfig } from "../config/schema-listener.ts";
import { isIp } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Log, LogFields } from "../core/log.ts";
import { CertificateReading, sentenceOf } from "./certificate-reading.ts";
import { revocationWarning } from "./revocation-lists.ts";
import type { CertificateFacts } from "./tls-certificates.ts";

const dayMs = 86_400_000;
/** Automatic renewal would have come long before. */
const expiryWarningMs = 14 * dayMs;

/** While Headgate runs. */
export const lookAtExpiryEveryMs = dayMs / 2;

/** One line, unless the certificate is good for longer. `fields` say whose it is. */
export function warnOfExpiry(
  log: Log,
  nowMs: number,
  { notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number },
  fields: LogFields,
): void {
  const all = { ...fields, expires: new Date(notAfterMs).toISOString() };
  if (notAfterMs <= nowMs) log.error("a certificate has expired", all);
  else if (notBeforeMs > nowMs) log.error("a certificate is not valid yet", all);
  else if (notAfterMs - nowMs < expiryWarningMs)
    log.warn("a certificate expires soon", { ...all, days: Math.floor((notAfterMs - nowMs) / dayMs) });
}

/** Sentences, one for each fault: what cannot be used first. */
export function certificateWarnings(
  config: Config,
  readTextFile: (path: string) => string,
  clock: Clock,
): string[] {
  const reading = new CertificateReading(readTextFile);
  const nowMs = clock.wallMs();
  const warnings = [
    ...config.listeners.flatMap((listener, index) => listenerWarnings(reading, listener, index, nowMs)),
    ...Object.entries(config.pools).flatMap(([pool, { tls }]) => {
      const facts = reading.pool(pool, tls)?.facts ?? null;
      const warning = facts === null ? null : dateWarning(facts, nowMs);
      return warning === null ? [] : [`pool ${pool}: the certificate in ${tls.certificate} ${warning}`];
    }),
  ];
  if (config.acme !== null) reading.authorities(["acme", "ca"], config.acme.ca);
  return [...reading.issues.map(sentenceOf), ...warnings];
}

function listenerWarnings(
  reading: CertificateReading,
  { name, tls }: ListenerConfig,
  index: number,
  nowMs: number,
): string[] {
  if (tls === null) return [];
  const path = ["listeners", index, "tls"];
  const clients = [...path, "clientCertificates"];
  reading.authorities([...clients, "ca"], tls.clientCertificates?.ca ?? null);
  const crl = tls.clientCertificates?.crl ?? null;
  const listed = revocationWarning(reading.revocations([...clients, "crl"], crl) ?? "", nowMs);
  const warnings =
    listed === null ? [] : [`listener ${name}: the list of revoked certificates in ${crl} ${listed}`];
  if (tls.source !== "files") return warnings;
  const taken = new Set<string>();
  const ofPairs = tls.certificates.flatMap((files, at) => {
    const facts = reading.pair([...path, "certificates", at], files)?.facts ?? null;
    if (facts === null) return [];
    const neverShown = takenWarning(files, facts, taken);
    const warning = dateWarning(facts, nowMs) ?? nameWarning(files.names, facts.names) ?? neverShown;
    return warning === null ? [] : [`listener ${name}: the certificate in ${files.certificate} ${warning}`];
  });
  return [...warnings, ...ofPairs];
}

function dateWarning({ notBeforeMs, notAfterMs }: CertificateFacts, nowMs: number): string | null {
  const date = new Date(notAfterMs).toISOString().slice(0, 10);
  if (notAfterMs <= nowMs) return `has expired on ${date}`;
  if (notBeforeMs > nowMs) return "is not valid yet";
  return notAfterMs - nowMs < expiryWarningMs ? `expires on ${date}` : null;
}

function nameWarning(shownFor: readonly string[], names: readonly string[]): string | null {
  const unnamed = shownFor.filter((name) => !names.includes(name) && !isCovered(name, names));
  return unnamed.length === 0 ? null : `does not name ${unnamed.join(", ")}`;
}

/** Adds the names that it is shown for to `taken`. Each kind of key has its own. */
function takenWarning(
  files: { readonly names: readonly string[] },
  { names, keyKind }: CertificateFacts,
  taken: Set<string>,
): string | null {
  const shownFor = (files.names.length > 0 ? files.names : names).filter((name) => !isIp(name));
  const keys = shownFor.map((name) => `${keyKind} ${name}`);
  const isTaken = keys.length > 0 && keys.every((key) => taken.has(key));
  for (const key of keys) taken.add(key);
  return isTaken ? "is never shown: those before it have all its names" : null;
}

/** By a wildcard of one label. */
function isCovered(name: string, names: readonly string[]): boolean {
  return names.includes(name.replace(/^[^.]+/, "*"));
}
