/**
 * Reads a PROXY protocol header, version 1 or 2, from the beginning of a connection (HAProxy's
 * proxy-protocol.txt). Pure and strict: it waits, takes the header, or refuses, however the bytes were
 * split. Whether one is expected and whose word counts is the listener's business.
 */
import { readAddress } from "../core/ip-address.ts";
import { latin1 } from "../core/latin1.ts";
import { crc32c } from "./crc32c.ts";

/** One end of a connection as a proxy in front tells it. */
export interface ProxyEnd {
  /** An IP address, or `unix:` for a unix socket. */
  readonly address: string;
  readonly port: number;
}

/** A type-length-value of version 2, as received. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface ProxyHeader {
  readonly version: 1 | 2;
  /** Null when the sender speaks for itself (LOCAL) or does not know: the connection's own ends count. */
  readonly ends: { readonly source: ProxyEnd; readonly destination: ProxyEnd } | null;
  readonly tlvs: readonly ProxyTlv[];
}

export type ProxyHeaderReading =
  | { readonly kind: "incomplete" }
  | { readonly kind: "complete"; readonly header: ProxyHeader; readonly byteCount: number }
  /** `fault` is for the log. */
  | { readonly kind: "refused"; readonly fault: string };

/** Types of TLV that have a meaning of their own here. */
export const tlvTypes = { crc32c: 0x03, noop: 0x04 } as const;

/** The longest line of version 1, CRLF included. */
const lineBytesMax = 107;
/** Version 2 may announce 64 KiB; client certificates among the TLVs need a few KiB at most. */
export const proxyHeaderBytesMax = 16 * 1024;
export const signatureV2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const signatureV1 = Buffer.from("PROXY ", "latin1");
/** Signature, version and command, family, length. */
const fixedBytes = 16;
const noTlvs: readonly ProxyTlv[] = [];
const incomplete = { kind: "incomplete" } as const;

/** `bytes[0, length)` is everything the connection has brought so far. */
export function readProxyHeader(bytes: Buffer, length: number): ProxyHeaderReading {
  if (startsAlike(bytes, length, signatureV1)) return readLine(bytes, length);
  if (startsAlike(bytes, length, signatureV2)) return readBinary(bytes, length);
  return refused("it is not a PROXY header");
}

function refused(fault: string): ProxyHeaderReading {
  return { kind: "refused", fault };
}

/** As far as both go, are they the same? */
function startsAlike(bytes: Buffer, length: number, signature: Buffer): boolean {
  const shared = Math.min(length, signature.length);
  return bytes.compare(signature, 0, shared, 0, shared) === 0;
}

// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n`

function readLine(bytes: Buffer, length: number): ProxyHeaderReading {
  const window = latin1(bytes, 0, Math.min(length, lineBytesMax));
  const end = window.indexOf("\r\n");
  if (end === -1)
    return length >= lineBytesMax ? refused("the line does not end within 107 bytes") : incomplete;
  const byteCount = end + 2;
  const [, family, ...rest] = window.slice(0, end).split(" ");
  if (family === "UNKNOWN") return complete({ version: 1, ends: null, tlvs: noTlvs }, byteCount);
  if (family !== "TCP4" && family !== "TCP6") return refused("the family is neither TCP4, TCP6 nor UNKNOWN");
  const [from = "", to = "", fromPort = "", toPort = ""] = rest;
  if (rest.length !== 4) return refused("the line has not two addresses and two ports");
  const wanted = family === "TCP4" ? 4 : 6;
  if (!isOfFamily(from, wanted) || !isOfFamily(to, wanted)) return refused(`an address is not of ${family}`);
  if (!isPort(fromPort) || !isPort(toPort)) return refused("a port is not a number from 0 to 65535");
  const source = { address: from, port: Number(fromPort) };
  const destination = { address: to, port: Number(toPort) };
  return complete({ version: 1, ends: { source, destination }, tlvs: noTlvs }, byteCount);
}

function complete(header: ProxyHeader, byteCount: number): ProxyHeaderReading {
  return { kind: "complete", header, byteCount };
}

const scratch = new Uint32Array(4);

function isOfFamily(text: string, family: 4 | 6): boolean {
  const isColoned = text.includes(":");
  return !text.includes("%") && isColoned === (family === 6) && readAddress(text, scratch) !== 0;
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535;
}

// Version 2: signature · version and command · family and protocol · length · addresses · TLVs

/** Bytes that the two ends take, by the family's nibble: unspecified, IPv4, IPv6, unix. */
const endBytes = [0, 12, 36, 216] as const;

function readBinary(bytes: Buffer, length: number): ProxyHeaderReading {
  if (length > 12 && (bytes[12]! & 0xf0) !== 0x20) return refused("the version is not 2");
  if (length > 12 && (bytes[12]! & 0x0f) > 1) return refused("the command is neither LOCAL nor PROXY");
  if (length > 13 && ((bytes[13]! & 0x0f) > 2 || bytes[13]! >> 4 >= endBytes.length))
    return refused("the address family or protocol is unknown");
  if (length < fixedBytes) return incomplete;
  const byteCount = fixedBytes + bytes.readUInt16BE(14);
  if (byteCount > proxyHeaderBytesMax) return refused(`it is longer than ${proxyHeaderBytesMax} bytes`);
  const isLocal = (bytes[12]! & 0x0f) === 0;
  const family = bytes[13]! >> 4;
  // A LOCAL header's addresses mean nothing, and neither do those of an unspecified protocol.
  const isSilent = isLocal || family === 0 || (bytes[13]! & 0x0f) === 0;
  const tlvsAt = fixedBytes + endBytes[family]!;
  if (!isLocal && tlvsAt > byteCount) return refused("it is too short for its addresses");
  if (length < byteCount) return incomplete;
  if (isLocal) return complete({ version: 2, ends: null, tlvs: noTlvs }, byteCount);
  const tlvs = readTlvs(bytes, tlvsAt, byteCount);
  if (tlvs === null) return refused("a TLV reaches beyond the header");
  if (!isChecksumRight(bytes, byteCount, tlvsAt)) return refused("the CRC32c is wrong");
  return complete({ version: 2, ends: isSilent ? null : readEnds(bytes, family), tlvs }, byteCount);
}

function readEnds(bytes: Buffer, family: number): ProxyHeader["ends"] {
  const at = fixedBytes;
  if (family === 3) {
    const end = { address: "unix:", port: 0 };
    return { source: end, destination: end };
  }
  const size = family === 1 ? 4 : 16;
  const textOf = family === 1 ? ipv4Text : ipv6Text;
  return {
    source: { address: textOf(bytes, at), port: bytes.readUInt16BE(at + 2 * size) },
    destination: { address: textOf(bytes, at + size), port: bytes.readUInt16BE(at + 2 * size + 2) },
  };
}

function ipv4Text(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952: the longest run of zero groups, two at least, becomes `::`. Mapped IPv4 is told as IPv4. */
function ipv6Text(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return ipv4Text(bytes, at + 12);
  let gapAt = -1;
  let gapLength = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > gapLength) {
      gapAt = from;
      gapLength = to - from;
    }
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return gapAt === -1
    ? hex(groups)
    : `${hex(groups.slice(0, gapAt))}::${hex(groups.slice(gapAt + gapLength))}`;
}

/** Null when one reaches beyond the end. Values are copies. */
function readTlvs(bytes: Buffer, start: number, end: number): readonly ProxyTlv[] | null {
  const tlvs: ProxyTlv[] = [];
  let at = start;
  while (at < end) {
    const valueEnd = at + 3 <= end ? at + 3 + bytes.readUInt16BE(at + 1) : end + 1;
    if (valueEnd > end) return null;
    tlvs.push({ type: bytes[at]!, value: Uint8Array.from(bytes.subarray(at + 3, valueEnd)) });
    at = valueEnd;
  }
  return tlvs;
}

/** The sum is taken over the whole header with the sum's own bytes as zeros. Right where there is none. */
function isChecksumRight(bytes: Buffer, byteCount: number, tlvsAt: number): boolean {
  let at = tlvsAt;
  while (at < byteCount) {
    const size = bytes.readUInt16BE(at + 1);
    if (bytes[at] === tlvTypes.crc32c) {
      if (size !== 4) return false;
      const header = Buffer.from(bytes.subarray(0, byteCount));
      header.fill(0, at + 3, at + 7);
      return crc32c(header) === bytes.readUInt32BE(at + 3);
    }
    at += 3 + size;
  }
  return true;
}
