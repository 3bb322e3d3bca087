/** Reads what a certificate says about itself, and refuses pairs that cannot be shown: unreadable, or not belonging together. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyPair } from "../core/tls.ts";

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses, lower case; `*.` stands for one label. */
  readonly names: readonly string[];
  /** `ec`, `rsa`, `ed25519`. */
  readonly keyKind: string;
  /** SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Throws an Error whose message completes "the certificate in FILE …". */
export function readCertificate({ certificatePem, keyPem }: KeyPair): CertificateFacts {
  const certificate = attempt("cannot be read", () => new X509Certificate(certificatePem));
  const key = attempt("has a key that cannot be read", () => createPrivateKey(keyPem));
  if (!certificate.checkPrivateKey(key)) throw new Error("does not belong to its key");
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate),
    keyKind: certificate.publicKey.asymmetricKeyType ?? "unknown",
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

function attempt<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`${what} (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
}

/** Subject alternative names; the common name counts only where there are none (RFC 9525 §6.3 drops it altogether). */
function namesOf(certificate: X509Certificate): readonly string[] {
  const names = [...(certificate.subjectAltName ?? "").matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)];
  if (names.length > 0) return names.map(([, name = ""]) => name.toLowerCase());
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return common === undefined ? [] : [common.toLowerCase()];
}

function oneLine(name: string): string {
  return name.split("\n").join(", ");
}
