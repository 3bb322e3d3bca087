/** Reads what a certificate says about itself, and refuses pairs that cannot be shown: unreadable, or not belonging together. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
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

/** What is wrong with a pair. The message completes "the certificate in FILE …". */
export class PairFault extends Error {
  override readonly name = "PairFault";
  /** The file to look at. */
  readonly part: "certificate" | "key";

  constructor(part: PairFault["part"], message: string, cause?: unknown) {
    super(message, { cause });
    this.part = part;
  }
}

/** Throws a PairFault. */
export function readCertificate({ certificatePem, keyPem }: KeyPair): CertificateFacts {
  const certificate = readFirst(certificatePem);
  const key = readKey(keyPem);
  if (!certificate.checkPrivateKey(key)) throw foreignKey(certificatePem, key);
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

/** OpenSSL reads the older labels, too. */
const anyCertificate = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;
const certificateBlocks = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What is wrong with a file of authorities, as "FILE …"; null when nothing is. OpenSSL passes over what it cannot read. */
export function authoritiesFault(pem: string): string | null {
  if (!anyCertificate.test(pem)) return "holds no certificate (PEM)";
  const blocks = pem.match(certificateBlocks) ?? [];
  try {
    blocks.forEach((block) => void new X509Certificate(block));
    return null;
  } catch (error) {
    return `holds a certificate that cannot be read (${messageOf(error)})`;
  }
}

function readFirst(pem: string): X509Certificate {
  if (!pem.includes("-----BEGIN "))
    throw new PairFault(
      "certificate",
      "cannot be read (it is not PEM, which is text and has a line BEGIN CERTIFICATE)",
    );
  if (!anyCertificate.test(pem))
    throw new PairFault("certificate", "cannot be read (there is no certificate in the file)");
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new PairFault("certificate", `cannot be read (${messageOf(error)})`, error);
  }
}

function readKey(pem: string): KeyObject {
  // OpenSSL would say that it was interrupted.
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem))
    throw new PairFault(
      "key",
      "has a key that is encrypted: `openssl pkey -in KEY -out NEW` takes the passphrase off",
    );
  if (!/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(pem))
    throw new PairFault("key", "has a key that cannot be read (there is no private key in its file)");
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new PairFault("key", `has a key that cannot be read (${messageOf(error)})`, error);
  }
}

/** The commonest reason is a chain the wrong way round. */
function foreignKey(certificatePem: string, key: KeyObject): PairFault {
  const others = (certificatePem.match(certificateBlocks) ?? []).slice(1);
  const isBehind = others.some((pem) => {
    try {
      return new X509Certificate(pem).checkPrivateKey(key);
    } catch {
      return false;
    }
  });
  return isBehind
    ? new PairFault(
        "certificate",
        "is in the wrong order: the one that belongs to the key must come first, then those that lead to the authority",
      )
    : new PairFault("key", "does not belong to its key");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
