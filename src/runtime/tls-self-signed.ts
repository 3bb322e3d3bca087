/**
 * Certificates for development: an authority made once per user and kept, and a leaf signed by it for the
 * names of this machine. The authority's key never leaves its folder and is readable by its owner only.
 * The library is loaded only when something has to be made.
 */
import type * as X509Module from "@peculiar/x509";
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { KeyPair } from "../core/tls.ts";

/** Where the authority is kept. */
export interface AuthorityStore {
  /** For messages: where people find `ca.pem`. */
  readonly folder: string;
  /** Null when there is no such file. */
  read(name: string): string | null;
  /** Readable by its owner only, whole or not at all. */
  write(name: string, text: string): void;
}

export interface SelfSigned {
  readonly pair: KeyPair;
  /** PEM file of the authority, to be trusted by browsers and clients. */
  readonly authorityPath: string;
  /** The authority did not exist before. */
  readonly isNewAuthority: boolean;
}

const dayMs = 86_400_000;
/** Browsers refuse leaves that live longer than 398 days, Apple's also from authorities of one's own after 825. */
const leafDays = 397;
const authorityDays = 3650;
const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const authorityName = "CN=Headgate development authority";

type X509 = typeof X509Module;

/** A leaf for `names` (DNS names and addresses), new at each call, from the stored authority or a new one. */
export async function makeSelfSigned(
  names: readonly string[],
  store: AuthorityStore,
  clock: Clock,
): Promise<SelfSigned> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const nowMs = clock.wallMs();
  const known = readAuthority(store, nowMs);
  const authority = known ?? (await makeAuthority(x509, nowMs));
  if (known === null) {
    store.write("ca.key", authority.keyPem);
    store.write("ca.pem", authority.certificatePem);
  }
  const pair = await makeLeaf(x509, names, authority, nowMs);
  return { pair, authorityPath: `${store.folder}/ca.pem`, isNewAuthority: known === null };
}

/** Null when there is none, or it has expired or does not fit its key. */
function readAuthority(store: AuthorityStore, nowMs: number): KeyPair | null {
  const certificatePem = store.read("ca.pem");
  const keyPem = store.read("ca.key");
  if (certificatePem === null || keyPem === null) return null;
  try {
    const certificate = new X509Certificate(certificatePem);
    const isUsable =
      certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
      certificate.validToDate.getTime() > nowMs + leafDays * dayMs;
    return isUsable ? { certificatePem, keyPem } : null;
  } catch {
    return null;
  }
}

async function makeAuthority(x509: X509, nowMs: number): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: authorityName,
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: keyAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: certificate.toString("pem"), keyPem: await pemOf(keys.privateKey) };
}

async function makeLeaf(
  x509: X509,
  names: readonly string[],
  authority: KeyPair,
  nowMs: number,
): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const der = createPrivateKey(authority.keyPem).export({ type: "pkcs8", format: "der" });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${names[0] ?? "localhost"}`,
    issuer: issuer.subject,
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + leafDays * dayMs),
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", Uint8Array.from(der), keyAlgorithm, false, ["sign"]),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificatePem: certificate.toString("pem"), keyPem: await pemOf(keys.privateKey) };
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^[\d.]+$/.test(name);
}

/** Positive and at most 20 bytes (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  return `00${randomBytes(16).toString("hex")}`;
}

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    type: "pkcs8",
    format: "pem",
  });
}
