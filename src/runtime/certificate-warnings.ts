/** What is wrong, or soon will be, with the certificate files that a configuration names. Reads them, and nothing else. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import { readCertificate } from "./tls-certificates.ts";

const dayMs = 86_400_000;
/** Automatic renewal would have come long before. */
export const expiryWarningMs = 14 * dayMs;

/** Sentences, one for each fault. */
export function certificateWarnings(
  config: Config,
  readTextFile: (path: string) => string,
  clock: Clock,
): string[] {
  return config.listeners.flatMap(({ name, tls }) =>
    (tls?.source === "files" ? tls.certificates : []).flatMap(({ certificate, key, names }) => {
      const warning = warningOf(certificate, key, names, readTextFile, clock.wallMs());
      return warning === null ? [] : `listener ${name}: the certificate in ${certificate} ${warning}`;
    }),
  );
}

function warningOf(
  certificate: string,
  key: string,
  names: readonly string[],
  readTextFile: (path: string) => string,
  nowMs: number,
): string | null {
  let pair: { readonly certificatePem: string; readonly keyPem: string };
  try {
    pair = { certificatePem: readTextFile(certificate), keyPem: readTextFile(key) };
  } catch (error) {
    return `or its key cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
  try {
    const facts = readCertificate(pair);
    const date = new Date(facts.notAfterMs).toISOString().slice(0, 10);
    if (facts.notAfterMs <= nowMs) return `has expired on ${date}`;
    if (facts.notBeforeMs > nowMs) return "is not valid yet";
    if (facts.notAfterMs - nowMs < expiryWarningMs) return `expires on ${date}`;
    const unnamed = names.filter((name) => !facts.names.includes(name) && !isCovered(name, facts.names));
    return unnamed.length === 0 ? null : `does not name ${unnamed.join(", ")}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** By a wildcard of one label. */
function isCovered(name: string, names: readonly string[]): boolean {
  return names.includes(name.replace(/^[^.]+/, "*"));
}
