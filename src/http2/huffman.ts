/**
 * HPACK's Huffman code (RFC 7541 Appendix B). The code is canonical: within one length, codes count up in
 * the order of the symbols. So the lengths alone make the table.
 */
import { latin1 } from "../core/latin1.ts";

/** Code lengths of the octets 0 to 255 and of the end mark, sixteen to a row, in base 36 (`5` to `u`). */
const lengths = [
  "dnsssssssoussuss",
  "ssssssusssssssss",
  "6aacd68baa8b8666",
  "555666666678f6ca",
  "d677777777777777",
  "77777777878djde6",
  "f565656665776665",
  "67655677777fbeds",
  "kmkkmmmnmnnnnnon",
  "oomnonnnnlmnmnno",
  "mlkmmnnlnmmolmnn",
  "llmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqop",
  "jlqrrqrollqqsrrr",
  "koklmllnmmppooqn",
  "qrqqrrrrrsrrrrrq",
  "u",
].join("");

const endMark = 256;
const lengthOf = Uint8Array.from(lengths, (digit) => Number.parseInt(digit, 36));
const codeOf = canonicalCodes();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(lengthOf.length);
  const order = [...lengthOf.keys()].toSorted((a, b) => (lengthOf[a] ?? 0) - (lengthOf[b] ?? 0) || a - b);
  let code = 0;
  let length = 0;
  for (const symbol of order) {
    const next = lengthOf[symbol] ?? 0;
    code *= 2 ** (next - length);
    length = next;
    codes[symbol] = code++;
  }
  return codes;
}

/**
 * Decoding goes byte by byte through a tree whose nodes have 256 branches. A branch is a symbol with its
 * bits (positive), another node (negative), or nothing (0):
 *
 *   tree[node × 256 + next eight bits] = symbol + 1 | bits of the code in this node << 16
 *                                      = −(number of another node)
 */
const tree = buildTree();

function buildTree(): Int32Array {
  let nodes = new Int32Array(256);
  const put = (symbol: number): void => {
    const code = codeOf[symbol] ?? 0;
    let bitsLeft = lengthOf[symbol] ?? 0;
    let node = 0;
    while (bitsLeft > 8) {
      bitsLeft -= 8;
      const at = node * 256 + ((code >>> bitsLeft) & 255);
      if (nodes[at] === 0) {
        nodes[at] = -(nodes.length / 256);
        const grown = new Int32Array(nodes.length + 256);
        grown.set(nodes);
        nodes = grown;
      }
      node = -(nodes[at] ?? 0);
    }
    const first = node * 256 + ((code << (8 - bitsLeft)) & 255);
    nodes.fill((symbol + 1) | (bitsLeft << 16), first, first + (1 << (8 - bitsLeft)));
  };
  for (let symbol = 0; symbol <= endMark; symbol++) put(symbol);
  return nodes;
}

let scratch = Buffer.allocUnsafeSlow(4096);

/** The text of `bytes[start, end)`, one code point per octet; null when it is no valid code (§5.2). */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | null {
  // The shortest code has five bits.
  const most = Math.ceil(((end - start) * 8) / 5);
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most * 2);
  let out = 0;
  let node = 0;
  let bits = 0;
  let bitCount = 0;
  /** Bits since the last whole symbol: what is left over at the end is padding. */
  let unfinished = 0;
  for (let pos = start; pos < end; pos++) {
    bits = ((bits << 8) | (bytes[pos] as number)) & 0xffff;
    bitCount += 8;
    unfinished += 8;
    while (bitCount >= 8) {
      const branch = tree[node * 256 + ((bits >>> (bitCount - 8)) & 255)] as number;
      if (branch > 0) {
        const symbol = (branch & 0xffff) - 1;
        if (symbol === endMark) return null;
        scratch[out++] = symbol;
        bitCount -= branch >>> 16;
        unfinished = bitCount;
        node = 0;
      } else {
        node = -branch;
        bitCount -= 8;
      }
    }
  }
  while (bitCount > 0) {
    const branch = tree[node * 256 + ((bits << (8 - bitCount)) & 255)] as number;
    if (branch <= 0 || branch >>> 16 > bitCount) break;
    if ((branch & 0xffff) - 1 === endMark) return null;
    scratch[out++] = (branch & 0xffff) - 1;
    bitCount -= branch >>> 16;
    unfinished = bitCount;
    node = 0;
  }
  // Padding is less than an octet, and the beginning of the end mark: ones.
  const mask = (1 << bitCount) - 1;
  if (unfinished > 7 || (bits & mask) !== mask) return null;
  return latin1(scratch, 0, out);
}

/** Octets that the code of a text takes. Code points are 0 to 255. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += lengthOf[text.charCodeAt(i)] as number;
  return (bits + 7) >>> 3;
}

/** Writes the code of a text at `pos`; returns where it ends. */
export function encodeHuffman(text: string, out: Buffer, start: number): number {
  let pos = start;
  let bits = 0;
  let bitCount = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    let length = lengthOf[symbol] as number;
    const code = codeOf[symbol] as number;
    // At most seven bits wait, so no more than 24 may come at once.
    if (length > 24) {
      length -= 16;
      bits = (bits << length) | (code >>> 16);
      bitCount += length;
      while (bitCount >= 8) out[pos++] = (bits >>> (bitCount -= 8)) & 255;
      length = 16;
      bits = (bits << 16) | (code & 0xffff);
    } else {
      bits = (bits << length) | code;
    }
    bitCount += length;
    while (bitCount >= 8) out[pos++] = (bits >>> (bitCount -= 8)) & 255;
    bits &= 255;
  }
  if (bitCount > 0) out[pos++] = ((bits << (8 - bitCount)) | (255 >>> bitCount)) & 255;
  return pos;
}
