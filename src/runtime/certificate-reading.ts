/** Reads the certificate files that a configuration names, and gathers all that is wrong with them, each with its place. */
import { type ConfigIssue, formatPath, type Path } from "../config/issue.ts";
import type { UpstreamTlsConfig } from "../config/schema-tls.ts";
import type { KeyPair } from "../core/tls.ts";
import { ConfigError } from "./config-error.ts";
import { authoritiesFault, type CertificateFacts, PairFault, readCertificate } from "./tls-certificates.ts";

export interface ReadPair {
  readonly pair: KeyPair;
  readonly facts: CertificateFacts;
}

/** What the files of one pool say; null where it names none. */
export interface PoolPems {
  readonly caPem: string | null;
  readonly certificatePem: string | null;
  readonly keyPem: string | null;
}

export class CertificateReading {
  readonly #readTextFile: (path: string) => string;
  readonly #issues: ConfigIssue[] = [];

  constructor(readTextFile: (path: string) => string) {
    this.#readTextFile = readTextFile;
  }

  get issues(): readonly ConfigIssue[] {
    return this.#issues;
  }

  /** Null when there is no file to read, or it cannot be read. */
  text(path: Path, file: string | null): string | null {
    if (file === null) return null;
    try {
      return this.#readTextFile(file);
    } catch (error) {
      this.fault(
        path,
        `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`,
      );
      return null;
    }
  }

  authorities(path: Path, file: string | null): string | null {
    const pem = this.text(path, file);
    const fault = pem === null ? null : authoritiesFault(pem);
    if (fault !== null) this.fault(path, `${file} ${fault}`);
    return fault === null ? pem : null;
  }

  /** A list of revoked certificates; whether it is a good one, only OpenSSL knows. */
  revocations(path: Path, file: string | null): string | null {
    const pem = this.text(path, file);
    if (pem === null || pem.includes("-----BEGIN X509 CRL-----")) return pem;
    this.fault(path, `${file} holds no list of revoked certificates (PEM)`);
    return null;
  }

  /** `path` is the section with `certificate` and `key`. */
  pair(
    path: Path,
    files: { readonly certificate: string | null; readonly key: string | null },
  ): ReadPair | null {
    const certificatePem = this.text([...path, "certificate"], files.certificate);
    const keyPem = this.text([...path, "key"], files.key);
    if (certificatePem === null || keyPem === null) return null;
    const pair = { certificatePem, keyPem };
    try {
      return { pair, facts: readCertificate(pair) };
    } catch (error) {
      const part = error instanceof PairFault ? error.part : "certificate";
      this.fault([...path, part], `the certificate in ${files.certificate} ${messageOf(error)}`);
      return null;
    }
  }

  /** Null when something is wrong. Without a certificate of the pool's own there are no facts. */
  pool(
    name: string,
    tls: UpstreamTlsConfig,
  ): { readonly pems: PoolPems; readonly facts: CertificateFacts | null } | null {
    const path = ["pools", name, "tls"];
    const faultsBefore = this.#issues.length;
    const caPem = this.authorities([...path, "ca"], tls.ca);
    const own = this.pair(path, tls);
    if (this.#issues.length > faultsBefore) return null;
    const { certificatePem = null, keyPem = null } = own?.pair ?? {};
    return { pems: { caPem, certificatePem, keyPem }, facts: own?.facts ?? null };
  }

  fault(path: Path, message: string): void {
    this.#issues.push({
      severity: "error",
      code: "unusable",
      path,
      message,
      found: null,
      allowed: null,
      suggestion: null,
      location: null,
    });
  }

  /** Throws a ConfigError with everything that is wrong. */
  throwFaults(): void {
    if (this.#issues.length > 0) throw new ConfigError(this.#issues);
  }
}

/** Faults in one line with their places, for those who did not just hand in a configuration. */
export function withPlaces(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  return new Error(error.issues.map(sentenceOf).join("; "), { cause: error });
}

/** `listeners[0].tls.certificates[0].key: …`. */
export function sentenceOf({ path, message }: ConfigIssue): string {
  return `${formatPath(path)}: ${message}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
