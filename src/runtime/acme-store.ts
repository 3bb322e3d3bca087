/** The certificates of an ACME account: one file for each name, key and chain together, so that they always fit. */
import type { PrivateStore } from "../core/acme.ts";
import type { KeyPair } from "../core/tls.ts";
import { type CertificateFacts, readCertificate } from "./tls-certificates.ts";

export interface StoredCertificate {
  readonly pair: KeyPair;
  readonly facts: CertificateFacts;
}

const prefix = "certificate-";
const suffix = ".pem";

/** Null when there is none, or it cannot be used. */
export function readStored(store: PrivateStore, name: string): StoredCertificate | null {
  const text = store.read(fileOf(name));
  if (text === null) return null;
  const start = text.indexOf("-----BEGIN CERTIFICATE-----");
  if (start < 0) return null;
  const pair = { keyPem: text.slice(0, start), certificatePem: text.slice(start) };
  try {
    return { pair, facts: readCertificate(pair) };
  } catch {
    return null;
  }
}

export function writeStored(store: PrivateStore, name: string, { keyPem, certificatePem }: KeyPair): void {
  store.write(fileOf(name), `${keyPem.trimEnd()}\n${certificatePem}`);
}

export function removeStored(store: PrivateStore, name: string): void {
  store.remove(fileOf(name));
}

export function storedNames(store: PrivateStore): readonly string[] {
  return store
    .list(prefix)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(prefix.length, -suffix.length));
}

function fileOf(name: string): string {
  return `${prefix}${name}${suffix}`;
}
