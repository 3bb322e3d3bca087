/**
 * DNS messages as bytes (RFC 1035 §4, RFC 2782, RFC 6891): writes a question, reads an answer. An answer
 * is anybody's text: nothing in it can make the reader loop, read beyond its end, or keep much.
 */
import type { DnsQuestionType, DnsRecord } from "../core/dns.ts";

const typeNumbers: Readonly<Record<DnsQuestionType, number>> = { A: 1, AAAA: 28, SRV: 33 };
const aliasType = 5;
const authorityType = 6;
const optionsType = 41;
const internetClass = 1;
/** What we take over UDP: small enough to pass everywhere unfragmented (DNS flag day 2020). */
const datagramBytesMax = 1232;
const headBytes = 12;
const nameBytesMax = 255;
/** A chain of aliases that is longer is a mistake. */
const aliasesMax = 16;

export interface DnsReply {
  /** 0 is success, 3 is "no such name". */
  readonly code: number;
  /** There was more than fits into a datagram. */
  readonly isTruncated: boolean;
  /** Of the name and type asked for, aliases followed. */
  readonly records: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  readonly ttlSeconds: number;
}

/** `id` is a random 16-bit number that the answer repeats. The name has been checked to be a host name. */
export function writeQuestion(id: number, name: string, type: DnsQuestionType): Buffer {
  const labels = name.replace(/\.$/, "").split(".");
  const nameBytes = labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x0100, 2); // Recursion is desired.
  head.writeUInt16BE(1, 4); // One question,
  head.writeUInt16BE(1, 10); // one additional record: our options.
  const question = [...nameBytes, 0, 0, typeNumbers[type], 0, internetClass];
  const options = [0, 0, optionsType, datagramBytesMax >> 8, datagramBytesMax & 0xff, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([head, Buffer.from(question), Buffer.from(options)]);
}

/** Null when it is not the answer to this question, or no message at all. */
export function readReply(message: Buffer, id: number, name: string, type: DnsQuestionType): DnsReply | null {
  try {
    return new Reader(message).reply(id, name.replace(/\.$/, "").toLowerCase(), type);
  } catch (error) {
    // A buffer's own checks, and ours.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

type Section = readonly (Alias | DnsRecord)[];

interface Alias {
  readonly type: "CNAME";
  readonly name: string;
  readonly target: string;
  readonly ttlSeconds: number;
}

class Reader {
  readonly #bytes: Buffer;
  #at = headBytes;
  /** From the SOA record that comes with an empty answer (RFC 2308 §5). */
  #emptyTtlSeconds = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  reply(id: number, name: string, type: DnsQuestionType): DnsReply | null {
    const bytes = this.#bytes;
    const flags = bytes.readUInt16BE(2);
    if (bytes.readUInt16BE(0) !== id || (flags & 0x8000) === 0 || bytes.readUInt16BE(4) !== 1) return null;
    if (this.#name() !== name || this.#number() !== typeNumbers[type] || this.#number() !== internetClass)
      return null;
    const isTruncated = (flags & 0x0200) !== 0;
    const code = flags & 0xf;
    // What is cut off may be cut anywhere; it is asked for again over TCP.
    if (isTruncated) return { code, isTruncated, records: [], additional: [], ttlSeconds: 0 };
    const answers = this.#section(bytes.readUInt16BE(6));
    this.#section(bytes.readUInt16BE(8));
    const additional = this.#section(bytes.readUInt16BE(10)).filter((record) => record.type !== "CNAME");
    const { records, ttlSeconds } = follow(answers, name, type);
    return {
      code,
      isTruncated,
      records,
      additional,
      ttlSeconds: records.length === 0 ? this.#emptyTtlSeconds : ttlSeconds,
    };
  }

  #section(count: number): Section {
    const records: (Alias | DnsRecord)[] = [];
    for (let index = 0; index < count; index++) {
      const record = this.#record();
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** Null for records of types that nobody asked for. */
  #record(): Alias | DnsRecord | null {
    const name = this.#name();
    const type = this.#number();
    const recordClass = this.#number();
    const ttl = this.#bytes.readUInt32BE(this.#at);
    // The highest bit is to be taken as zero (RFC 2181 §8).
    const ttlSeconds = ttl > 0x7fff_ffff ? 0 : ttl;
    this.#at += 4;
    const end = this.#number() + this.#at;
    if (end > this.#bytes.length) throw new RangeError("a record beyond the end");
    const record = recordClass === internetClass ? this.#content(type, name, ttlSeconds, end) : null;
    this.#at = end;
    return record;
  }

  #content(type: number, name: string, ttlSeconds: number, end: number): Alias | DnsRecord | null {
    const bytes = this.#bytes;
    const length = end - this.#at;
    switch (type) {
      case typeNumbers.A:
        if (length !== 4) throw new RangeError("an address of another length");
        return { type: "A", name, address: bytes.subarray(this.#at, end).join("."), ttlSeconds };
      case typeNumbers.AAAA:
        if (length !== 16) throw new RangeError("an address of another length");
        return { type: "AAAA", name, address: ipv6Text(bytes.subarray(this.#at, end)), ttlSeconds };
      case typeNumbers.SRV: {
        const [priority, weight, port] = [this.#number(), this.#number(), this.#number()];
        return { type: "SRV", name, priority, weight, port, target: this.#name(), ttlSeconds };
      }
      case aliasType:
        return { type: "CNAME", name, target: this.#name(), ttlSeconds };
      case authorityType: {
        this.#name();
        this.#name();
        this.#emptyTtlSeconds = Math.min(ttlSeconds, bytes.readUInt32BE(this.#at + 16));
        return null;
      }
      default:
        return null;
    }
  }

  #number(): number {
    const value = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  /** In small letters, without a final dot. */
  #name(): string {
    const bytes = this.#bytes;
    const labels: string[] = [];
    let at = this.#at;
    let isMoved = false;
    let left = nameBytesMax;
    for (;;) {
      const length = bytes.readUInt8(at);
      if (length === 0) break;
      if (length >= 0xc0) {
        const target = bytes.readUInt16BE(at) & 0x3fff;
        // Only backwards, so that it ends.
        if (target >= at) throw new RangeError("a name that points forwards");
        if (!isMoved) this.#at = at + 2;
        isMoved = true;
        at = target;
        // A pointer costs as much as a label, which bounds chains of pointers to pointers.
        left--;
      } else {
        if (length > 63 || at + 1 + length > bytes.length) throw new RangeError("no label");
        left -= length + 1;
        const label = bytes.toString("latin1", at + 1, at + 1 + length);
        if (!/^[\x21-\x2d\x2f-\x7e]+$/.test(label)) throw new RangeError("a name of other characters");
        labels.push(label);
        at += length + 1;
      }
      if (left <= 0) throw new RangeError("a name that is too long");
    }
    if (!isMoved) this.#at = at + 1;
    return labels.join(".").toLowerCase();
  }
}

function follow(
  answers: Section,
  name: string,
  type: DnsQuestionType,
): { readonly records: readonly DnsRecord[]; readonly ttlSeconds: number } {
  let owner = name;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (let step = 0; step < aliasesMax; step++) {
    const alias = answers.find((record): record is Alias => record.type === "CNAME" && record.name === owner);
    if (alias === undefined) break;
    owner = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  }
  const records = answers.filter(
    (record): record is DnsRecord => record.type === type && record.name === owner,
  );
  for (const record of records) ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds);
  return { records, ttlSeconds };
}

/** In the spelling of RFC 5952, which is the one of URLs. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
