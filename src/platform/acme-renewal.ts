/** How RFC 9773 names a certificate: the authority's key identifier and the serial number, base64url. */
import type { X509Certificate } from "node:crypto";

/** Object identifier 2.5.29.35, DER. */
const authorityKeyIdentifier = Buffer.from("0603551d23", "hex");

/** Null when the certificate does not say whose key signed it. */
export function renewalIdentifier(certificate: X509Certificate): string | null {
  const { raw, serialNumber } = certificate;
  const at = raw.indexOf(authorityKeyIdentifier);
  if (at < 0) return null;
  // OCTET STRING { SEQUENCE { [0] keyIdentifier … } }, all of them shorter than 128 bytes.
  const value = at + authorityKeyIdentifier.length;
  const isKeyFirst = raw[value] === 0x04 && raw[value + 2] === 0x30 && raw[value + 4] === 0x80;
  if (!isKeyFirst) return null;
  const start = value + 6;
  const key = raw.subarray(start, start + (raw[value + 5] ?? 0));
  // As DER writes an INTEGER: a leading zero keeps it positive.
  const hex = serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`;
  const serial = Buffer.from(Number.parseInt(hex.slice(0, 2), 16) > 127 ? `00${hex}` : hex, "hex");
  return `${key.toString("base64url")}.${serial.toString("base64url")}`;
}
