/** Certificates made on the spot: authorities, leaves of any kind of key and any validity, revocation lists. */
import "reflect-metadata";
import { createPrivateKey, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const rsa = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};
const dayMs = 86_400_000;

export interface MadeCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly serialNumber: string;
}

export interface LeafOptions {
  readonly names: readonly string[];
  readonly kind?: "ecdsa" | "rsa";
  readonly notBeforeDays?: number;
  readonly notAfterDays?: number;
  readonly subject?: string;
  /** Further names, `spiffe://example/ann`. */
  readonly uris?: readonly string[];
  /** Its OCSP responder; the certificate asks to be stapled (RFC 7633). */
  readonly stapledFrom?: string;
}

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    type: "pkcs8",
    format: "pem",
  });
}

function serialNumber(): string {
  return `00${randomBytes(8).toString("hex")}`;
}

export class TestAuthority {
  readonly certificatePem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: CryptoKey;

  constructor(certificate: x509.X509Certificate, key: CryptoKey) {
    this.certificatePem = certificate.toString("pem");
    this.#certificate = certificate;
    this.#key = key;
  }

  async leaf(options: LeafOptions): Promise<MadeCertificate> {
    const { names, kind = "ecdsa", notBeforeDays = -1, notAfterDays = 90 } = options;
    const keys = await crypto.subtle.generateKey(kind === "rsa" ? rsa : ecdsa, true, ["sign", "verify"]);
    const nowMs = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: options.subject ?? `CN=${names[0] ?? "nobody"}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(nowMs + notBeforeDays * dayMs),
      notAfter: new Date(nowMs + notAfterDays * dayMs),
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          ...names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? "ip" : "dns", value }) as const),
          ...(options.uris ?? []).map((value) => ({ type: "url", value }) as const),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...(options.stapledFrom === undefined
          ? []
          : [
              new x509.AuthorityInfoAccessExtension({ ocsp: options.stapledFrom }),
              new x509.Extension("1.3.6.1.5.5.7.1.24", false, Buffer.from("3003020105", "hex")),
            ]),
      ],
    });
    return {
      certificatePem: certificate.toString("pem"),
      keyPem: await pemOf(keys.privateKey),
      serialNumber: certificate.serialNumber,
    };
  }

  /** For programs that sign in its name. */
  keyPem(): Promise<string> {
    return pemOf(this.#key);
  }

  /** From yesterday on. */
  async revocationList(serialNumbers: readonly string[], endsInDays = 30): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#certificate.subject,
      thisUpdate: new Date(Date.now() - dayMs),
      nextUpdate: new Date(Date.now() + endsInDays * dayMs),
      entries: serialNumbers.map((number) => ({
        serialNumber: number,
        revocationDate: new Date(Date.now() - dayMs),
      })),
      signingKey: this.#key,
      signingAlgorithm: ecdsa,
    });
    // OpenSSL reads no other label than this.
    return list.toString("pem").replaceAll(/(BEGIN|END) CRL/g, "$1 X509 CRL");
  }
}

export async function makeTestAuthority(name = "CN=Test authority"): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name,
    notBefore: new Date(Date.now() - 30 * dayMs),
    notAfter: new Date(Date.now() + 3650 * dayMs),
    signingAlgorithm: ecdsa,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return new TestAuthority(certificate, keys.privateKey);
}

/** A folder for the files of one test. */
export class CertificateFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "headgate-test-"));

  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  /** The files as a configuration names them. */
  pair(name: string, { certificatePem, keyPem }: MadeCertificate): { certificate: string; key: string } {
    return { certificate: this.write(`${name}.pem`, certificatePem), key: this.write(`${name}.key`, keyPem) };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
