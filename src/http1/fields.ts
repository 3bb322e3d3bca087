/**
 * The field section of a head: one strict pass validates every line, picks out what a proxy must
 * understand, and gathers the lines that may be passed on. It decides nothing about framing.
 *
 * The lines to pass on are kept as one string built from long runs of the original text, because a
 * head usually differs from what is forwarded by two or three lines.
 */
import { writeLatin1 } from "../core/latin1.ts";
import { equalsLowerCase, isBlank, isFieldValueCode, isTokenCode, listHasToken } from "./characters.ts";
import { Known, recogniseField } from "./known-fields.ts";

export type FieldsFault = "bad-line" | "too-many";

/** Fields looked up one by one before an index is made. */
const scansMax = 4;

export class Fields {
  /** The whole lines, each with its CRLF. */
  readonly section: string;
  /** The lines that may be forwarded, each with its CRLF. */
  forwardable = "";
  count = 0;

  host = "";
  hostCount = 0;
  /** Every Connection line joined by commas; "" when there is none. */
  connection = "";
  contentLength = "";
  contentLengthCount = 0;
  transferEncoding = "";
  transferEncodingCount = 0;
  upgrade = "";
  expect = "";
  te = "";
  via = "";
  keepAlive = "";
  maxForwards = "";
  forwarded = "";
  xForwardedFor = "";
  xForwardedProto = "";
  xForwardedHost = "";
  xForwardedPort = "";
  /** Undefined when there is none. Looking for one among ten others costs half a microsecond. */
  userAgent: string | undefined = undefined;
  referer: string | undefined = undefined;

  #index: Map<string, string> | null = null;
  #scans = 0;

  constructor(section: string) {
    this.section = section;
  }

  /** Value of any field by lower-case name, repeated ones joined by ", " ("; " for cookies). */
  get(lowerName: string): string | undefined {
    if (lowerName === "user-agent") return this.userAgent;
    if (lowerName === "referer") return this.referer;
    if (this.#index === null) {
      // An index costs as much as ten scans; most requests are asked for one or two fields.
      if (this.#scans++ < scansMax) return findField(this.section, lowerName);
      this.#index = indexSection(this.section);
    }
    return this.#index.get(lowerName);
  }

  /** Is this option (lower-case) named by Connection? */
  hasConnectionOption(option: string): boolean {
    return this.connection !== "" && listHasToken(this.connection, option);
  }

  /** Takes note of a field that the proxy must understand. */
  remember(id: number, value: string): void {
    switch (id) {
      case Known.host:
        this.host = value;
        this.hostCount++;
        break;
      case Known.connection:
        this.connection = joinList(this.connection, value);
        break;
      case Known.contentLength:
        this.contentLength = joinList(this.contentLength, value);
        this.contentLengthCount++;
        break;
      case Known.transferEncoding:
        this.transferEncoding = joinList(this.transferEncoding, value);
        this.transferEncodingCount++;
        break;
      case Known.upgrade:
        this.upgrade = joinList(this.upgrade, value);
        break;
      case Known.expect:
        this.expect = joinList(this.expect, value);
        break;
      case Known.te:
        this.te = joinList(this.te, value);
        break;
      case Known.via:
        this.via = joinList(this.via, value);
        break;
      case Known.keepAlive:
        this.keepAlive = joinList(this.keepAlive, value);
        break;
      case Known.maxForwards:
        this.maxForwards = value;
        break;
      case Known.forwarded:
        this.forwarded = joinList(this.forwarded, value);
        break;
      case Known.xForwardedFor:
        this.xForwardedFor = joinList(this.xForwardedFor, value);
        break;
      case Known.xForwardedProto:
        this.xForwardedProto = joinList(this.xForwardedProto, value);
        break;
      case Known.xForwardedHost:
        this.xForwardedHost = joinList(this.xForwardedHost, value);
        break;
      case Known.xForwardedPort:
        this.xForwardedPort = joinList(this.xForwardedPort, value);
        break;
      case Known.userAgent:
        this.userAgent = this.userAgent === undefined ? value : `${this.userAgent}, ${value}`;
        break;
      case Known.referer:
        this.referer = this.referer === undefined ? value : `${this.referer}, ${value}`;
        break;
      default:
        break;
    }
  }
}

/**
 * Parses `text[start, end)`: zero or more lines, each ended by CRLF, without the empty line.
 * In a response, blanks before the colon are removed (RFC 9112 §5.1); in a request they are a fault.
 */
export function parseFields(
  text: string,
  start: number,
  end: number,
  countMax: number,
  isResponse: boolean,
): Fields | FieldsFault {
  const section = text.slice(start, end);
  const fields = new Fields(section);
  const octets = octetsOf(section);
  const length = section.length;
  let runStart = 0;
  let forwardable = "";
  let pos = 0;
  while (pos < length) {
    if (++fields.count > countMax) return "too-many";
    const lineStart = pos;
    while (isTokenCode[octets[pos] as number] === 1) pos++;
    const nameEnd = pos;
    if (nameEnd === lineStart) return "bad-line";
    let hasBlankBeforeColon = false;
    if (octets[pos] !== 58) {
      if (!isResponse) return "bad-line";
      while (isBlank(octets[pos] as number)) pos++;
      if (octets[pos] !== 58) return "bad-line";
      hasBlankBeforeColon = true;
    }
    pos++;
    const afterColon = pos;
    while (isFieldValueCode[octets[pos] as number] === 1) pos++;
    if (octets[pos] !== 13 || octets[pos + 1] !== 10 || pos + 2 > length) return "bad-line";
    const lineEnd = pos + 2;

    const known = recogniseField(octets, lineStart, nameEnd);
    let isDropped = false;
    if (known !== null) {
      isDropped = isResponse ? known.isDroppedInResponse : known.isDroppedInRequest;
      if (known.id !== Known.dropped) fields.remember(known.id, trimmed(section, afterColon, pos));
    }
    if (isDropped || hasBlankBeforeColon) {
      if (runStart < lineStart) forwardable += section.slice(runStart, lineStart);
      if (!isDropped)
        forwardable += `${section.slice(lineStart, nameEnd)}:${section.slice(afterColon, lineEnd)}`;
      runStart = lineEnd;
    }
    pos = lineEnd;
  }
  if (runStart < length) forwardable += section.slice(runStart, length);
  fields.forwardable =
    fields.connection === "" ? forwardable : withoutNamedOptions(forwardable, fields.connection);
  return fields;
}

/** A section is looked at octet by octet, which is faster in memory than in a string. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** The section's octets, until the next call; what stands behind them means nothing. */
function octetsOf(section: string): Uint8Array {
  // One octet more, which ends every loop: a NUL belongs to no class.
  if (section.length >= scratch.length) scratch = Buffer.allocUnsafeSlow(2 * section.length + 1);
  writeLatin1(scratch, section);
  scratch[section.length] = 0;
  return scratch;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function joinList(list: string, value: string): string {
  return list === "" ? value : `${list}, ${value}`;
}

const harmlessConnection =
  /^(?:close|keep-alive|upgrade|te)(?:[ \t]*,[ \t]*(?:close|keep-alive|upgrade|te))*$/i;

/** Removes every field that Connection names (RFC 9110 §7.6.1); what the proxy needs was taken before. */
export function withoutNamedOptions(lines: string, connection: string): string {
  if (lines === "" || connection === "") return lines;
  if (harmlessConnection.test(connection)) return lines;
  const names = connection.split(",").map((name) => name.trim().toLowerCase());
  return withoutFields(lines, (text, start, end) =>
    names.some((name) => equalsLowerCase(text, start, end, name)),
  );
}

/** Copies field lines but for those whose name the predicate picks. */
export function withoutFields(
  lines: string,
  isUnwanted: (text: string, nameStart: number, nameEnd: number) => boolean,
): string {
  let kept = "";
  let pos = 0;
  while (pos < lines.length) {
    const lineEnd = lines.indexOf("\r\n", pos) + 2;
    if (!isUnwanted(lines, pos, lines.indexOf(":", pos))) kept += lines.slice(pos, lineEnd);
    pos = lineEnd;
  }
  return kept;
}

/** What `indexSection` would hold under the name. */
function findField(section: string, lowerName: string): string | undefined {
  let found: string | undefined;
  let pos = 0;
  while (pos < section.length) {
    const nameEnd = pos + lowerName.length;
    // A single character is searched for natively, without a call into the runtime; bare LF was refused.
    const lineEnd = section.indexOf("\n", pos) - 1;
    if (equalsLowerCase(section, pos, nameEnd, lowerName)) {
      let colon = nameEnd;
      while (isBlank(section.charCodeAt(colon))) colon++;
      if (section.charCodeAt(colon) === 58) {
        const value = trimmed(section, colon + 1, lineEnd);
        found = found === undefined ? value : `${found}${lowerName === "cookie" ? "; " : ", "}${value}`;
      }
    }
    pos = lineEnd + 2;
  }
  return found;
}

function indexSection(section: string): Map<string, string> {
  const index = new Map<string, string>();
  let pos = 0;
  while (pos < section.length) {
    const lineEnd = section.indexOf("\r\n", pos);
    const colon = section.indexOf(":", pos);
    const name = section.slice(pos, colon).trimEnd().toLowerCase();
    const value = trimmed(section, colon + 1, lineEnd);
    const earlier = index.get(name);
    index.set(name, earlier === undefined ? value : `${earlier}${name === "cookie" ? "; " : ", "}${value}`);
    pos = lineEnd + 2;
  }
  return index;
}
