/**
 * CRC-32 as in zlib (polynomial 0xEDB88320, reflected), step by step over text, as nginx's hash methods
 * need it. A running value is a signed 32-bit integer; it starts at `crcStart` and is ended by `crcEnd`.
 */

export const crcStart = -1;

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crcByte(crc: number, byte: number): number {
  return table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
}

/** One byte per character, as text from the wire has it; a character above U+00FF gives two. */
export function crcText(crc: number, text: string): number {
  let value = crc;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) value = crcByte(value, code >>> 8);
    value = crcByte(value, code);
  }
  return value;
}

/** The finished checksum, unsigned. */
export function crcEnd(crc: number): number {
  return ~crc >>> 0;
}
