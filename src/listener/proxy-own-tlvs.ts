/**
 * The TLVs by which a PROXY header of version 2 tells what is known of the client's TLS (proxy-protocol.txt §2.2):
 *
 *   ALPN 0x01 · AUTHORITY 0x02 · SSL 0x20 = client flags (1) · verify (4) · VERSION 0x21 · CN 0x22 · CIPHER 0x23
 */
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import type { ProxyTlv } from "./proxy-protocol.ts";

/** TLS that was ended here. */
export interface ToldTls {
  /** `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** RFC 2253; null where no certificate was shown. */
  readonly clientSubject: string | null;
  /** `SUCCESS`, or else. */
  readonly clientVerify: string;
  readonly isResumed: boolean;
}

export interface ToldClient {
  /** Null where it was not ended here. */
  readonly tls: ToldTls | null;
  /** "" where it is not known. */
  readonly alpn: string;
  /** From SNI; "" where it is not known. */
  readonly serverName: string;
}

const types = {
  alpn: 0x01,
  authority: 0x02,
  ssl: 0x20,
  version: 0x21,
  commonName: 0x22,
  cipher: 0x23,
} as const;
const flags = { tls: 1, certificateNow: 2, certificateInSession: 4 } as const;

/** No type comes twice: `received` are from a trusted proxy in front, nearer to the client, and have the last word. */
export function tlvsFor(
  wanted: readonly ProxyTlvName[],
  client: ToldClient,
  received: readonly ProxyTlv[],
): readonly ProxyTlv[] {
  const own: ProxyTlv[] = [];
  const { alpn, serverName, tls } = client;
  if (alpn !== "" && wanted.includes("alpn")) own.push(tlv(types.alpn, alpn));
  if (serverName !== "" && wanted.includes("authority")) own.push(tlv(types.authority, serverName));
  if (tls !== null && wanted.includes("tls")) own.push({ type: types.ssl, value: sslValue(tls) });
  return received.length === 0 ? own : firstOfEach([...received, ...own]);
}

function firstOfEach(tlvs: readonly ProxyTlv[]): readonly ProxyTlv[] {
  return tlvs.filter(({ type }, index) => tlvs.findIndex((other) => other.type === type) === index);
}

function tlv(type: number, text: string): ProxyTlv {
  return { type, value: Buffer.from(text, "utf8") };
}

function sslValue({ version, cipher, clientSubject, clientVerify, isResumed }: ToldTls): Uint8Array {
  const hasCertificate = clientSubject !== null;
  // With a resumed session the certificate was shown earlier.
  const shown = hasCertificate ? flags.certificateInSession | (isResumed ? 0 : flags.certificateNow) : 0;
  const head = Buffer.alloc(5);
  head[0] = flags.tls | shown;
  // 0 for a certificate that was shown and is good; what is wrong with it, OpenSSL's number would not tell an endpoint.
  head.writeUInt32BE(clientVerify === "SUCCESS" ? 0 : 1, 1);
  const commonName = hasCertificate ? commonNameOf(clientSubject) : "";
  const parts = [head, nested(types.version, version)];
  if (commonName !== "") parts.push(nested(types.commonName, commonName));
  parts.push(nested(types.cipher, cipher));
  return Buffer.concat(parts);
}

function nested(type: number, text: string): Buffer {
  const value = Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
}

/** The CN of an RFC 2253 name, unescaped; of several the certificate's first, which stands last. "" without one. */
export function commonNameOf(subject: string): string {
  // In whole parts, so that no escaped comma within another begins one.
  const parts = subject.match(/(?:\\.|[^\\,+])+/g) ?? [];
  const last =
    parts
      .findLast((part) => part.trimStart().startsWith("CN="))
      ?.trim()
      .slice(3) ?? "";
  return last.replace(/\\(?:([0-9A-Fa-f]{2})|(.))/g, (_, hex?: string, character?: string) =>
    hex === undefined ? (character ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
