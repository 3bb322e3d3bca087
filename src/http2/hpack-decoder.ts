/**
 * Reads header blocks (RFC 7541). The dynamic table and the size of what one block may unfold to are bounded,
 * so that a small block cannot fill the memory; a block beyond the limit is still read to its end,
 * because the table must stay the same on both sides.
 */
import { latin1 } from "../core/latin1.ts";
import { type Field, makeField } from "./field.ts";
import { decodeHuffman } from "./huffman.ts";
import { staticTable } from "./static-table.ts";

/** What a block came to. `broken` means that both sides' tables no longer agree: the connection must end. */
export type BlockVerdict = "read" | "too-large" | "broken";

const broken = -1;

export class HpackDecoder {
  /** What the last block held, in order; of one that is too large, what fits in. Valid until the next one is read. */
  readonly fields: Field[] = [];
  readonly #tableBytesMax: number;
  readonly #listBytesMax: number;
  /** A ring, newest entry at `#newest`. */
  #ring: (Field | null)[] = Array.from({ length: 64 }, () => null);
  #newest = 0;
  #count = 0;
  #tableBytes = 0;
  /** As the encoder last set it, never above our maximum. */
  #tableBytesLimit: number;
  #listBytes = 0;
  /** Of these, those of fields that no longer fitted in. */
  #leftOutBytes = 0;
  // What the last integer or string was, beside where it ended.
  #integer = 0;
  #text = "";

  /** `listBytesMax`: names, values and 32 for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts. */
  constructor(tableBytesMax: number, listBytesMax: number) {
    this.#tableBytesMax = tableBytesMax;
    this.#tableBytesLimit = tableBytesMax;
    this.#listBytesMax = listBytesMax;
  }

  /** Octets of the table and of the last block's list, as HPACK counts them. */
  get heldBytes(): number {
    return this.fields.reduce((sum, field) => sum + field.size, this.#tableBytes);
  }

  /** Reads a whole block, `bytes[start, end)`. */
  decode(bytes: Buffer, start: number, end: number): BlockVerdict {
    this.fields.length = 0;
    this.#listBytes = 0;
    this.#leftOutBytes = 0;
    let pos = start;
    while (pos < end) {
      const first = bytes[pos] as number;
      if (first >= 0x80) pos = this.#readIndexed(bytes, pos, end);
      else if (first >= 0x40) pos = this.#readLiteral(bytes, pos, end, 6, true);
      else if (first >= 0x20) pos = this.#readTableSize(bytes, pos, end, start);
      else pos = this.#readLiteral(bytes, pos, end, 4, false);
      if (pos === broken) return "broken";
    }
    return this.#listBytes > this.#listBytesMax ? "too-large" : "read";
  }

  #readIndexed(bytes: Buffer, start: number, end: number): number {
    const pos = this.#readInteger(bytes, start, end, 7);
    const field = pos === broken ? null : this.#entry(this.#integer);
    if (field === null) return broken;
    this.#add(field);
    return pos;
  }

  #readLiteral(bytes: Buffer, start: number, end: number, prefixBits: number, isIndexed: boolean): number {
    let pos = this.#readInteger(bytes, start, end, prefixBits);
    if (pos === broken) return broken;
    let name: string;
    if (this.#integer === 0) {
      pos = this.#readString(bytes, pos, end);
      name = this.#text;
    } else {
      const entry = this.#entry(this.#integer);
      if (entry === null) return broken;
      ({ name } = entry);
    }
    if (pos === broken) return broken;
    pos = this.#readString(bytes, pos, end);
    if (pos === broken) return broken;
    const field = makeField(name, this.#text);
    this.#add(field);
    if (isIndexed) this.#insert(field);
    return pos;
  }

  /** §4.2: only at the beginning of a block, and never above what we allow. */
  #readTableSize(bytes: Buffer, start: number, end: number, blockStart: number): number {
    if (this.#listBytes > 0 || start - blockStart > 10) return broken;
    const pos = this.#readInteger(bytes, start, end, 5);
    if (pos === broken || this.#integer > this.#tableBytesMax) return broken;
    this.#tableBytesLimit = this.#integer;
    this.#evict(this.#tableBytesLimit);
    return pos;
  }

  #add(field: Field): void {
    this.#listBytes += field.size;
    if (this.#listBytes - this.#leftOutBytes <= this.#listBytesMax) this.fields.push(field);
    else this.#leftOutBytes += field.size;
  }

  // The dynamic table.

  #entry(index: number): Field | null {
    if (index === 0) return null;
    if (index <= staticTable.length) return staticTable[index - 1] as Field;
    const age = index - staticTable.length - 1;
    if (age >= this.#count) return null;
    return this.#ring[(this.#newest - age) & (this.#ring.length - 1)] as Field;
  }

  #insert(field: Field): void {
    this.#evict(this.#tableBytesLimit - field.size);
    // An entry larger than the table empties it (§4.4).
    if (field.size > this.#tableBytesLimit) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1);
    this.#ring[this.#newest] = field;
    this.#count++;
    this.#tableBytes += field.size;
  }

  #evict(bytesMax: number): void {
    while (this.#count > 0 && this.#tableBytes > bytesMax) {
      const oldest = (this.#newest - this.#count + 1) & (this.#ring.length - 1);
      this.#tableBytes -= (this.#ring[oldest] as Field).size;
      this.#ring[oldest] = null;
      this.#count--;
    }
  }

  #grow(): void {
    const larger: (Field | null)[] = Array.from({ length: this.#ring.length * 2 }, () => null);
    for (let age = 0; age < this.#count; age++) {
      larger[this.#count - 1 - age] = this.#ring[(this.#newest - age) & (this.#ring.length - 1)] as Field;
    }
    this.#ring = larger;
    this.#newest = this.#count - 1;
  }

  // Primitives: each returns where it ended, or `broken`.

  /** §5.1. Four octets of continuation are more than any index, length or size here can need. */
  #readInteger(bytes: Buffer, start: number, end: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (bytes[start] as number) & mask;
    let pos = start + 1;
    if (value === mask) {
      for (let shift = 0; ; shift += 7) {
        if (pos >= end || shift > 21) return broken;
        const octet = bytes[pos++] as number;
        value += (octet & 127) << shift;
        if (octet < 128) break;
      }
    }
    this.#integer = value;
    return pos;
  }

  /** §5.2. */
  #readString(bytes: Buffer, start: number, end: number): number {
    if (start >= end) return broken;
    const isHuffman = (bytes[start] as number) >= 0x80;
    const from = this.#readInteger(bytes, start, end, 7);
    if (from === broken || this.#integer > end - from) return broken;
    const to = from + this.#integer;
    const text = isHuffman ? decodeHuffman(bytes, from, to) : latin1(bytes, from, to);
    if (text === null) return broken;
    this.#text = text;
    return to;
  }
}
