/**
 * Reads what a TLS client says before anything is encrypted: the name it asks for (SNI) and the protocols
 * it offers (ALPN). Strict and bounded; it waits, reads, or refuses, however the bytes were split. It
 * decides nothing and keeps nothing.
 *
 *   record  = 22 · version (2) · length (2) · fragment          RFC 8446 §5.1, as many as it takes
 *   message = 1 · length (3) · version · random · session · ciphers · compressions · extensions   §4.1.2
 */
import { isHostName } from "../core/address.ts";
import { latin1 } from "../core/latin1.ts";

export interface ClientHello {
  /** In small letters; null when the client asks for no name. */
  readonly serverName: string | null;
  readonly alpn: readonly string[];
}

export type ClientHelloReading =
  | { readonly kind: "incomplete" }
  | { readonly kind: "complete"; readonly hello: ClientHello }
  /** `fault` is for the log. */
  | { readonly kind: "refused"; readonly fault: string };

/** Largest message that is waited for; with the key shares of today's clients it is below 2 KiB. */
const helloBytesMax = 16 * 1024;
/** Most bytes kept while waiting: the message and the headers of its records. */
export const heldBytesMax = helloBytesMax + 1024;

const recordHeaderBytes = 5;
const recordBytesMax = 16 * 1024;
const messageHeaderBytes = 4;
const type = { handshakeRecord: 22, clientHello: 1, serverName: 0, hostName: 0, alpn: 16 } as const;
const incomplete = { kind: "incomplete" } as const;

/** `bytes[0, length)` is everything the client has sent so far. */
export function readClientHello(bytes: Buffer, length: number): ClientHelloReading {
  const message = gatherMessage(bytes, length);
  if (typeof message === "string") return refused(message);
  if (message === null) return incomplete;
  const hello = readMessage(message);
  return typeof hello === "string" ? refused(hello) : { kind: "complete", hello };
}

function refused(fault: string): ClientHelloReading {
  return { kind: "refused", fault };
}

/** The message's body out of its records; null while it is not complete, a text when it is none. */
function gatherMessage(bytes: Buffer, length: number): Buffer | string | null {
  const fragments: Buffer[] = [];
  let gathered = 0;
  let wanted = messageHeaderBytes;
  for (let at = 0; gathered < wanted;) {
    if (length > at && bytes[at] !== type.handshakeRecord) return "it is not a TLS handshake";
    if (length > at + 1 && bytes[at + 1] !== 3) return "the record's version is unknown";
    if (length < at + recordHeaderBytes) return at > heldBytesMax ? "its records are too small" : null;
    const size = bytes.readUInt16BE(at + 3);
    if (size === 0 || size > recordBytesMax) return "a record is empty or too large";
    const start = at + recordHeaderBytes;
    const fragment = bytes.subarray(start, Math.min(start + size, length));
    fragments.push(fragment);
    gathered += fragment.length;
    if (wanted === messageHeaderBytes && gathered >= 1 && fragments[0]?.[0] !== type.clientHello)
      return "the first message is not a ClientHello";
    if (wanted === messageHeaderBytes && gathered >= messageHeaderBytes) {
      wanted += (Buffer.concat(fragments) as Buffer).readUIntBE(1, 3);
      if (wanted > helloBytesMax) return `it is larger than ${helloBytesMax} bytes`;
    }
    if (gathered >= wanted) break;
    if (fragment.length < size) return length > heldBytesMax ? "its records are too small" : null;
    at = start + size;
  }
  return Buffer.concat(fragments).subarray(messageHeaderBytes, wanted);
}

/** A place in a message that is read from its start to its end; every read says whether there was enough. */
class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  skip(count: number): boolean {
    this.at += count;
    return this.at <= this.bytes.length;
  }

  /** A number of `size` bytes; -1 when they are not there. */
  number(size: number): number {
    const start = this.at;
    return this.skip(size) ? this.bytes.readUIntBE(start, size) : -1;
  }

  /** A vector whose length stands before it in `size` bytes; null when it is not there. */
  vector(size: number): Buffer | null {
    const length = this.number(size);
    const start = this.at;
    return length >= 0 && this.skip(length) ? this.bytes.subarray(start, start + length) : null;
  }
}

function readMessage(message: Buffer): ClientHello | string {
  const cursor = new Cursor(message);
  if (cursor.number(2) >> 8 !== 3 || !cursor.skip(32)) return "the version is unknown";
  const session = cursor.vector(1);
  if (session === null || session.length > 32) return "the session's identifier is too long";
  const ciphers = cursor.vector(2);
  if (ciphers === null || ciphers.length === 0 || ciphers.length % 2 === 1)
    return "the cipher suites are broken";
  const compressions = cursor.vector(1);
  if (compressions === null || compressions.length === 0) return "the compression methods are broken";
  // A client of long ago may have no extensions at all.
  if (cursor.isAtEnd) return { serverName: null, alpn: [] };
  const extensions = cursor.vector(2);
  if (extensions === null || !cursor.isAtEnd) return "the extensions are broken";
  return readExtensions(new Cursor(extensions));
}

function readExtensions(cursor: Cursor): ClientHello | string {
  const seen = new Set<number>();
  let serverName: string | null = null;
  let alpn: readonly string[] = [];
  while (!cursor.isAtEnd) {
    const kind = cursor.number(2);
    const body = cursor.vector(2);
    if (body === null) return "an extension is broken";
    if (seen.has(kind)) return "an extension occurs twice";
    seen.add(kind);
    if (kind === type.serverName) {
      serverName = readServerName(new Cursor(body));
      if (serverName === null) return "the server name is broken";
    } else if (kind === type.alpn) {
      const offered = readAlpn(new Cursor(body));
      if (offered === null) return "the ALPN extension is broken";
      alpn = offered;
    }
  }
  return { serverName, alpn };
}

/** RFC 6066 §3: one name, no address, no dot at the end. */
function readServerName(cursor: Cursor): string | null {
  const list = cursor.vector(2);
  if (list === null || !cursor.isAtEnd) return null;
  const entry = new Cursor(list);
  if (entry.number(1) !== type.hostName) return null;
  const name = entry.vector(2);
  if (name === null || !entry.isAtEnd) return null;
  const text = latin1(name, 0, name.length);
  return isHostName(text) && !text.endsWith(".") ? text.toLowerCase() : null;
}

/** RFC 7301 §3.1. */
function readAlpn(cursor: Cursor): readonly string[] | null {
  const list = cursor.vector(2);
  if (list === null || list.length === 0 || !cursor.isAtEnd) return null;
  const entries = new Cursor(list);
  const offered: string[] = [];
  while (!entries.isAtEnd) {
    const name = entries.vector(1);
    if (name === null || name.length === 0) return null;
    offered.push(latin1(name, 0, name.length));
  }
  return offered;
}
