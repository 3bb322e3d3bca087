/**
 * OCSP (RFC 6960) for certificates that ask to be stapled (must-staple, RFC 7633): whom to ask, the
 * question, and what an answer says. Its signature is the client's to verify.
 */
import { createHash, X509Certificate } from "node:crypto";
import { childrenOf, derTag, makeDer, readDer } from "./der.ts";

export interface OcspQuestion {
  readonly url: string;
  readonly request: Buffer;
  /** How the answer names the certificate. */
  readonly serial: Buffer;
}

export interface OcspAnswer {
  readonly status: "good" | "revoked" | "unknown";
  readonly nextUpdateWallMs: number | null;
}

/** 1.3.6.1.5.5.7.1.24, the TLS feature extension, and 1.3.14.3.2.26, SHA-1, which responders index by. */
const tlsFeature = Buffer.from("06082b06010505070118", "hex");
const sha1Algorithm = makeDer(derTag.sequence, Buffer.from("06052b0e03021a", "hex"), makeDer(derTag.null));

/** Null unless the first certificate asks for stapling, says whom to ask, and its issuer comes next. */
export function ocspQuestion(chainPem: string): OcspQuestion | null {
  const [leafPem, issuerPem] =
    chainPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (leafPem === undefined || issuerPem === undefined) return null;
  const leaf = new X509Certificate(leafPem);
  const url = /OCSP - URI:(http:\/\/[^\s"]+)/.exec(leaf.infoAccess ?? "")?.[1];
  if (url === undefined || !leaf.raw.includes(tlsFeature)) return null;
  const issuer = partsOf(new X509Certificate(issuerPem).raw);
  const { serial } = partsOf(leaf.raw);
  const certificateId = makeDer(
    derTag.sequence,
    sha1Algorithm,
    makeDer(derTag.octetString, sha1(issuer.subject)),
    makeDer(derTag.octetString, sha1(issuer.publicKey)),
    makeDer(derTag.integer, serial),
  );
  const requests = makeDer(derTag.sequence, makeDer(derTag.sequence, certificateId));
  const request = makeDer(derTag.sequence, makeDer(derTag.sequence, requests));
  return { url, request, serial };
}

/** Throws an Error when it is no answer to that question. */
export function readOcspAnswer(response: Buffer, { serial }: OcspQuestion): OcspAnswer {
  const [status, bytes] = childrenOf(readDer(response)[0]);
  if (status?.tag !== derTag.enumerated || status.content[0] !== 0)
    throw new Error(`the responder says ${status?.content[0] ?? "nothing"}`);
  const [, octets] = childrenOf(childrenOf(bytes, derTag.context(0))[0]);
  if (octets?.tag !== derTag.octetString) throw new RangeError("not a basic response");
  const [data] = childrenOf(readDer(octets.content)[0]);
  // Version, responder and time come first; the responses are the only plain sequence.
  const list = childrenOf(data).find(({ tag }) => tag === derTag.sequence);
  for (const single of childrenOf(list)) {
    const [id, state, , next] = childrenOf(single);
    if (!childrenOf(id).at(-1)?.content.equals(serial)) continue;
    const time = next?.tag === derTag.context(0) ? readDer(next.content)[0] : undefined;
    return {
      status: statusOf(state?.tag),
      nextUpdateWallMs: time === undefined ? null : wallMsOf(time.content),
    };
  }
  throw new Error("the responder told of another certificate");
}

function statusOf(tag: number | undefined): OcspAnswer["status"] {
  if (tag === 0x80) return "good";
  return tag === derTag.context(1) ? "revoked" : "unknown";
}

/** `20261121070000Z`. */
function wallMsOf(text: Buffer): number | null {
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text.toString("latin1"));
  if (found === null) return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** RFC 5280 §4.1: serial number, subject and public key, all but the last as they are encoded. */
function partsOf(certificate: Buffer): { serial: Buffer; subject: Buffer; publicKey: Buffer } {
  const [body] = childrenOf(readDer(certificate)[0]);
  const fields = childrenOf(body).filter(({ tag }) => tag !== derTag.context(0));
  const [serial, , , , subject, keyInfo] = fields;
  const [, bits] = childrenOf(keyInfo);
  if (serial === undefined || subject === undefined || bits === undefined)
    throw new RangeError("no certificate");
  // The first byte of a BIT STRING counts the bits that are not used.
  return { serial: serial.content, subject: subject.whole, publicKey: bits.content.subarray(1) };
}

function sha1(bytes: Buffer): Buffer {
  return createHash("sha1").update(bytes).digest();
}
