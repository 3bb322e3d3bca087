/**
 * Reads IP addresses from text into 32-bit words, without allocating. IPv4-mapped IPv6 addresses
 * (`::ffff:10.0.0.1`) read as IPv4, and a zone (`%eth0`) is ignored, so that one client has one
 * reading. It does not print addresses and knows no prefixes; `cidr.ts` does.
 */

/** Four big-endian 32-bit words. An IPv4 address stands in the last; the others are then 0. */
export type AddressWords = Uint32Array;

/** The family read, or 0 when the text is no IP address. */
export type AddressFamily = 0 | 4 | 6;

const colon = 0x3a;
const dot = 0x2e;
const groups = new Uint16Array(8);

/** Reads `text` into `words` (length 4). On 0 the words are undefined. */
export function readAddress(text: string, words: AddressWords): AddressFamily {
  const value = readIpv4(text, 0, text.length);
  if (value >= 0) {
    words.fill(0);
    words[3] = value;
    return 4;
  }
  if (!readIpv6(text)) return 0;
  for (let i = 0; i < 4; i++) words[i] = ((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0);
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 6;
  words[2] = 0;
  return 4;
}

/** Four decimal parts without leading zeros in text[from, to); -1 when it is anything else. */
function readIpv4(text: string, from: number, to: number): number {
  if (to - from < 7 || to - from > 15) return -1;
  let value = 0;
  let part = 0;
  let digits = 0;
  let parts = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (digits === 0 || parts === 3) return -1;
      value = value * 256 + part;
      parts++;
      part = 0;
      digits = 0;
      continue;
    }
    if (code < 0x30 || code > 0x39 || (digits > 0 && part === 0)) return -1;
    part = part * 10 + (code - 0x30);
    digits++;
    if (part > 255) return -1;
  }
  return digits === 0 || parts !== 3 ? -1 : value * 256 + part;
}

/** RFC 4291 §2.2, all three forms, into `groups`. */
function readIpv6(text: string): boolean {
  const zone = text.indexOf("%");
  const end = zone === -1 ? text.length : zone;
  if (end < 2 || end > 45) return false;
  let count = 0;
  let gapAt = -1;
  let i = 0;
  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return false;
    gapAt = 0;
    i = 2;
  }
  while (i < end) {
    if (count === 8) return false;
    const next = groupEnd(text, i, end);
    if (next < end && text.charCodeAt(next) === dot) {
      const value = readIpv4(text, i, end);
      if (value < 0 || count > 6) return false;
      groups[count++] = value >>> 16;
      groups[count++] = value & 0xffff;
      break;
    }
    if (next === i || next - i > 4) return false;
    groups[count++] = Number.parseInt(text.slice(i, next), 16);
    if (next === end) break;
    if (text.charCodeAt(next) !== colon || next + 1 === end) return false;
    i = next + 1;
    if (text.charCodeAt(i) === colon) {
      if (gapAt !== -1) return false;
      gapAt = count;
      i++;
    }
  }
  return fillGap(count, gapAt);
}

function groupEnd(text: string, from: number, end: number): number {
  let i = from;
  while (i < end && isHexDigit(text.charCodeAt(i))) i++;
  return i;
}

/** Moves the groups after `::` to the end and puts zeros between. */
function fillGap(count: number, gapAt: number): boolean {
  if (gapAt === -1) return count === 8;
  if (count === 8) return false;
  const tail = count - gapAt;
  groups.copyWithin(8 - tail, gapAt, count);
  groups.fill(0, gapAt, 8 - tail);
  return true;
}

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}
