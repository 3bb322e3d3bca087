/** Writes PROXY protocol headers, versions 1 and 2, for connections to endpoints that expect them. */
import { type AddressWords, readAddress } from "../core/ip-address.ts";
import { crc32c } from "./crc32c.ts";
import { type ProxyEnd, type ProxyTlv, signatureV2, tlvTypes } from "./proxy-protocol.ts";

export type ProxyVersion = "v1" | "v2";

/** Both ends of a client's connection: the client, and the address it connected to. */
export interface ProxyEnds {
  readonly source: ProxyEnd;
  readonly destination: ProxyEnd;
}

/**
 * `ends` null: the balancer speaks for itself, as probes do. TLVs go out with version 2 only; a checksum
 * received with them is left out, for it was another header's; `isSummed` adds this one's own.
 */
export function encodeProxyHeader(
  version: ProxyVersion,
  ends: ProxyEnds | null,
  tlvs: readonly ProxyTlv[] = [],
  isSummed = false,
): Buffer {
  return version === "v1" ? Buffer.from(lineOf(ends), "latin1") : binaryOf(ends, tlvs, isSummed);
}

const from: AddressWords = new Uint32Array(4);
const to: AddressWords = new Uint32Array(4);

/** The family that holds both ends, an IPv4 address as a mapped one if need be; 0 when one is no IP address. */
function commonFamily({ source, destination }: ProxyEnds): 0 | 4 | 6 {
  const one = readAddress(source.address, from);
  const other = readAddress(destination.address, to);
  if (one === 0 || other === 0) return 0;
  if (one === other) return one;
  if (one === 4) from[2] = 0xffff;
  else to[2] = 0xffff;
  return 6;
}

function lineOf(ends: ProxyEnds | null): string {
  const family = ends === null ? 0 : commonFamily(ends);
  if (ends === null || family === 0) return "PROXY UNKNOWN\r\n";
  const textOf = family === 4 ? ipv4Text : ipv6Text;
  return `PROXY TCP${family} ${textOf(from)} ${textOf(to)} ${ends.source.port} ${ends.destination.port}\r\n`;
}

function ipv4Text(words: AddressWords): string {
  const word = words[3] ?? 0;
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** Without abbreviation, which every reader understands. */
function ipv6Text(words: AddressWords): string {
  return [...words].map((word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(":");
}

function binaryOf(ends: ProxyEnds | null, tlvs: readonly ProxyTlv[], isSummed: boolean): Buffer {
  const family = ends === null ? 0 : commonFamily(ends);
  const passed = tlvs.filter(({ type }) => type !== tlvTypes.crc32c && type !== tlvTypes.noop);
  const addresses = ends === null || family === 0 ? Buffer.alloc(0) : addressBytes(ends, family);
  const tlvBytes = passed.reduce((sum, { value }) => sum + 3 + value.length, 0);
  const sumBytes = isSummed ? 7 : 0;
  const header = Buffer.alloc(16 + addresses.length + tlvBytes + sumBytes);
  signatureV2.copy(header);
  header[12] = ends === null ? 0x20 : 0x21;
  header[13] = family === 0 ? 0x00 : family === 4 ? 0x11 : 0x21;
  header.writeUInt16BE(header.length - 16, 14);
  addresses.copy(header, 16);
  let at = 16 + addresses.length;
  for (const { type, value } of passed) {
    header[at] = type;
    header.writeUInt16BE(value.length, at + 1);
    header.set(value, at + 3);
    at += 3 + value.length;
  }
  if (isSummed) {
    // Over the whole header, with its own place as zeros.
    header[at] = tlvTypes.crc32c;
    header.writeUInt16BE(4, at + 1);
    header.writeUInt32BE(crc32c(header), at + 3);
  }
  return header;
}

function addressBytes({ source, destination }: ProxyEnds, family: 4 | 6): Buffer {
  const words = family === 4 ? 1 : 4;
  const bytes = Buffer.alloc(words * 8 + 4);
  for (let index = 0; index < words; index++) {
    bytes.writeUInt32BE(from[4 - words + index] ?? 0, index * 4);
    bytes.writeUInt32BE(to[4 - words + index] ?? 0, (words + index) * 4);
  }
  bytes.writeUInt16BE(source.port, words * 8);
  bytes.writeUInt16BE(destination.port, words * 8 + 2);
  return bytes;
}
