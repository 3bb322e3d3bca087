/**
 * Sets of IP networks, asked per request with a binary search over merged ranges. IPv4 and IPv6 are
 * kept apart: `::/0` does not contain 10.0.0.1. Networks and addresses are read by one parser, so
 * that they cannot disagree. It does not decide what membership means; trusted proxies, routes and
 * access rules do.
 */
import { readAddress, type AddressWords } from "./ip-address.ts";

export interface CidrSet {
  /**
   * Is the address (`10.0.0.1`, `::1`, `::ffff:10.0.0.1`) in one of the networks? An address that
   * begins `unix:` is in the set exactly when the set was built with the entry `unix:`. Anything
   * else that is no IP address is in no set.
   */
  contains(address: string): boolean;
}

/** Answers remembered per set, so that repeated clients cost one map look-up. */
const memoEntriesMax = 1024;

interface Range {
  readonly family: 4 | 6;
  readonly first: AddressWords;
  readonly last: AddressWords;
}

/** What is wrong with one entry (`10.0.0.0/8`, `::1`, `unix:`), in words; null when it is well. */
export function cidrFault(text: string): string | null {
  const parsed = parseEntry(text);
  return typeof parsed === "string" ? parsed : null;
}

/** Throws a RangeError that names the first bad entry; ask `cidrFault` beforehand for all of them. */
export function buildCidrSet(entries: readonly string[]): CidrSet {
  const ranges: Range[] = [];
  let hasUnix = false;
  for (const entry of entries) {
    const parsed = parseEntry(entry);
    if (typeof parsed === "string") throw new RangeError(parsed);
    if (parsed === null) hasUnix = true;
    else ranges.push(parsed);
  }
  const v4 = packRanges(ranges.filter((range) => range.family === 4));
  const v6 = packRanges(ranges.filter((range) => range.family === 6));
  const memo = new Map<string, boolean>();
  const words = new Uint32Array(4);
  return {
    contains(address) {
      const known = memo.get(address);
      if (known !== undefined) return known;
      const family = readAddress(address, words);
      const isMember =
        family === 0 ? hasUnix && address.startsWith("unix:") : holds(family === 4 ? v4 : v6, words);
      if (memo.size >= memoEntriesMax) memo.clear();
      memo.set(address, isMember);
      return isMember;
    },
  };
}

/** A range, null for `unix:`, or a sentence that says what is wrong. */
function parseEntry(text: string): Range | null | string {
  if (text === "unix:") return null;
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  const words = new Uint32Array(4);
  const family = address.includes("%") ? 0 : readAddress(address, words);
  if (family === 0) {
    return `"${text}" is not an IP address or network; write 10.0.0.0/8, 192.0.2.7, 2001:db8::/32 or unix:`;
  }
  const isMapped = family === 4 && address.includes(":");
  const bitsMin = isMapped ? 96 : 0;
  const bitsMax = family === 4 && !isMapped ? 32 : 128;
  const lengthText = slash === -1 ? String(bitsMax) : text.slice(slash + 1);
  const length = Number(lengthText);
  if (!/^\d{1,3}$/.test(lengthText) || length < bitsMin || length > bitsMax) {
    return `the prefix length of "${text}" must be a whole number from ${bitsMin} to ${bitsMax}`;
  }
  return rangeOf(family, words, length + 128 - bitsMax);
}

/** Bits beyond the prefix length (counted over all 128) are ignored: `10.1.2.3/8` is `10.0.0.0/8`. */
function rangeOf(family: 4 | 6, words: AddressWords, length: number): Range {
  const masks = [0, 1, 2, 3].map((index) => {
    const kept = Math.min(32, Math.max(0, length - index * 32));
    return kept === 0 ? 0 : (0xffff_ffff << (32 - kept)) >>> 0;
  });
  const first = words.map((word, index) => word & (masks[index] ?? 0));
  // The upper words of an IPv4 address are zero in first and last alike.
  const last = words.map((word, index) => (family === 4 && index < 3 ? 0 : word | ~(masks[index] ?? 0)));
  return { family, first, last };
}

/** Sorted, merged ranges; four words for each first and each last address. */
interface PackedRanges {
  readonly count: number;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
}

function packRanges(ranges: readonly Range[]): PackedRanges {
  const merged: { first: AddressWords; last: AddressWords }[] = [];
  for (const range of ranges.toSorted((a, b) => compareWords(a.first, 0, b.first))) {
    const previous = merged.at(-1);
    if (previous === undefined || compareWords(previous.last, 0, range.first) < 0) {
      merged.push({ first: range.first, last: range.last });
    } else if (compareWords(previous.last, 0, range.last) < 0) previous.last = range.last;
  }
  return {
    count: merged.length,
    firsts: Uint32Array.from(merged.flatMap((range) => [...range.first])),
    lasts: Uint32Array.from(merged.flatMap((range) => [...range.last])),
  };
}

/** The last range that begins at or before the address is the only one that may hold it. */
function holds(ranges: PackedRanges, words: Uint32Array): boolean {
  let low = 0;
  let high = ranges.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWords(ranges.firsts, middle * 4, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 && compareWords(ranges.lasts, (low - 1) * 4, words) >= 0;
}

function compareWords(left: ArrayLike<number>, at: number, right: ArrayLike<number>): number {
  for (let i = 0; i < 4; i++) {
    const difference = (left[at + i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
