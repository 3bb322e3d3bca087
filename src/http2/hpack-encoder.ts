/**
 * Writes header blocks (RFC 7541) as text of one code point per octet, the form in which frames are held back.
 * It keeps no dynamic table: what one client's fields are can then never be learnt through another's
 * (§7.1), nothing must be kept in step, and the same lines give the same octets on every connection,
 * so that the blocks of responses that repeat to the letter are remembered.
 */
import { latin1 } from "../core/latin1.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";
import { staticNames, staticPairs } from "./static-table.ts";

/** Says that no dynamic table is used (§6.3); to be sent once, in front of the first block. */
export const noTableUpdate = "\x20";

/** Blocks longer than this are seldom seen twice. */
const rememberedTextMax = 2048;
const rememberedMax = 256;
const remembered = new Map<string, string>();

/** Never to be kept in anybody's table (§7.1.3). */
const secrets = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/** The fields of HTTP/1 connections, which HTTP/2 forbids (RFC 9113 §8.2.2). */
const forbidden = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Entries beyond this have no value. */
const lastPair = Math.max(...staticPairs.values());

/** Blocks of `:status`, and of `content-length` up to what small bodies have, by their number. */
const statusBlocks: (string | undefined)[] = Array.from({ length: 1000 });
const lengthBlocks: (string | undefined)[] = Array.from({ length: 4096 });

let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** The block of field lines, each `Name: value` with CRLF. */
export function encodeLines(lines: string): string {
  if (lines.length > rememberedTextMax) return encodeAll(lines);
  const known = remembered.get(lines);
  if (known !== undefined) return known;
  const block = encodeAll(lines);
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.set(lines, block);
  return block;
}

/** The block of one field; the name in lower case. */
export function encodeField(name: string, value: string): string {
  ensureRoom(name.length + value.length);
  return latin1(scratch, 0, writeField(0, name, value));
}

/** Of a response; 100 to 999. */
export function encodeStatus(status: number): string {
  return (statusBlocks[status] ??= encodeField(":status", String(status)));
}

export function encodeContentLength(bytes: number): string {
  if (bytes >= lengthBlocks.length) return encodeField("content-length", String(bytes));
  return (lengthBlocks[bytes] ??= encodeField("content-length", String(bytes)));
}

function encodeAll(lines: string): string {
  ensureRoom(lines.length);
  let pos = 0;
  let lineStart = 0;
  while (lineStart < lines.length) {
    const lineEnd = lines.indexOf("\r\n", lineStart);
    const colon = lines.indexOf(":", lineStart);
    const name = lines.slice(lineStart, colon).trimEnd().toLowerCase();
    if (!forbidden.has(name)) pos = writeField(pos, name, trimmed(lines, colon + 1, lineEnd));
    lineStart = lineEnd + 2;
  }
  return latin1(scratch, 0, pos);
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** A string never takes more octets than it has, and a line's colon and CRLF pay for its lengths. */
function ensureRoom(textLength: number): void {
  if (scratch.length < textLength * 2 + 64) scratch = Buffer.allocUnsafeSlow(textLength * 4 + 64);
}

function writeField(start: number, name: string, value: string): number {
  const nameIndex = staticNames.get(name) ?? 0;
  const pair = nameIndex > 0 && nameIndex <= lastPair ? staticPairs.get(`${name}: ${value}`) : undefined;
  if (pair !== undefined) return writeInteger(start, 0x80, 7, pair);
  let pos = writeInteger(start, secrets.has(name) ? 0x10 : 0, 4, nameIndex);
  if (nameIndex === 0) pos = writeString(pos, name);
  return writeString(pos, value);
}

function writeString(start: number, text: string): number {
  const length = huffmanLength(text);
  if (length < text.length) return encodeHuffman(text, scratch, writeInteger(start, 0x80, 7, length));
  const pos = writeInteger(start, 0, 7, text.length);
  scratch.write(text, pos, "latin1");
  return pos + text.length;
}

/** §5.1. */
function writeInteger(start: number, flags: number, prefixBits: number, value: number): number {
  const mask = (1 << prefixBits) - 1;
  let pos = start;
  if (value < mask) {
    scratch[pos++] = flags | value;
    return pos;
  }
  scratch[pos++] = flags | mask;
  let rest = value - mask;
  while (rest >= 128) {
    scratch[pos++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  scratch[pos++] = rest;
  return pos;
}
