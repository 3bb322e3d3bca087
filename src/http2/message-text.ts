/**
 * Header lists as the heads of HTTP/1.1 messages, so that one parser and one set of rules judges both versions.
 * What is malformed in HTTP/2 only (RFC 9113 §8.2, §8.3) is found here; everything else is left to the parser.
 */
import { type Field, Kind } from "./field.ts";

export interface RequestText {
  /** The whole head, the empty line included. */
  readonly text: string;
  readonly method: string;
  /** `:protocol` of an extended CONNECT (RFC 8441), "" for ordinary requests. */
  readonly protocol: string;
}

/** Malformed: the stream is reset with PROTOCOL_ERROR. `conflicting-host` is answered 400. */
export type RequestFault = "malformed" | "conflicting-host";

/** What HTTP/2 has no use for (RFC 8441 §5), and some send all the same (HAProxy 2.6). */
const handshakeLines = /^sec-websocket-(?:key|accept):.*\r\n/gim;

export function withoutHandshake(lines: string): string {
  return lines.replace(handshakeLines, "");
}

/** No control characters, and no blanks, which would shift the words of a request line. */
const word = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * `upgradeLines` are the field lines that turn an extended CONNECT into an upgrade of HTTP/1.1; `isEnd` when no
 * body follows.
 */
export function requestText(
  fields: readonly Field[],
  isEnd: boolean,
  upgradeLines: (protocol: string) => string,
): RequestText | RequestFault {
  let method: string | null = null;
  let scheme: string | null = null;
  let path: string | null = null;
  let authority: string | null = null;
  let protocol: string | null = null;
  let host: string | null = null;
  let cookie = "";
  let lines = "";
  let hasLength = false;
  let isInPseudo = true;
  for (const field of fields) {
    if (!field.isWellFormed) return "malformed";
    const { kind, value } = field;
    if (kind === Kind.ordinary || kind >= Kind.host) isInPseudo = false;
    else if (!isInPseudo) return "malformed";
    switch (kind) {
      case Kind.ordinary:
      case Kind.expect:
        lines += field.line;
        break;
      case Kind.method:
        if (method !== null) return "malformed";
        method = value;
        break;
      case Kind.scheme:
        if (scheme !== null) return "malformed";
        scheme = value;
        break;
      case Kind.path:
        if (path !== null) return "malformed";
        path = value;
        break;
      case Kind.authority:
        if (authority !== null) return "malformed";
        authority = value;
        break;
      case Kind.protocol:
        if (protocol !== null) return "malformed";
        protocol = value;
        break;
      case Kind.host:
        // As over HTTP/1.1 (RFC 9112 §3.2), even where they agree.
        if (host !== null) return "conflicting-host";
        host = value;
        break;
      case Kind.cookie:
        // §8.2.3: crumbs are put together again.
        cookie += cookie === "" ? value : `; ${value}`;
        break;
      case Kind.contentLength:
        hasLength = true;
        lines += field.line;
        break;
      case Kind.te:
        if (value !== "trailers") return "malformed";
        lines += field.line;
        break;
      default:
        return "malformed";
    }
  }
  if (method === null || !word.test(method)) return "malformed";
  if (protocol !== null && (method !== "CONNECT" || !word.test(protocol) || path?.startsWith("/") !== true))
    return "malformed";
  // RFC 8441 §4: an extended CONNECT has all of them.
  if (protocol !== null && (scheme === null || authority === null)) return "malformed";
  if (method === "CONNECT" && protocol === null) {
    // A plain CONNECT has an authority only; it is refused further on, by its name.
    if (scheme !== null || path !== null || authority === null) return "malformed";
    path = authority;
  }
  if (path === null || !isPath(path, method) || (scheme === null && method !== "CONNECT")) return "malformed";
  if (authority !== null && host !== null && authority.toLowerCase() !== host.toLowerCase())
    return "conflicting-host";
  const hostLine = (authority ?? host) === null ? "" : `host: ${authority ?? host}\r\n`;
  const cookieLine = cookie === "" ? "" : `cookie: ${cookie}\r\n`;
  if (protocol !== null) {
    const own = withoutHandshake(lines);
    const text = `GET ${path} HTTP/1.1\r\n${hostLine}${own}${cookieLine}${upgradeLines(protocol)}\r\n`;
    return { text, method: "GET", protocol };
  }
  // Without a length, and with a body to come, HTTP/1 can only send it in chunks.
  const framing = isEnd || hasLength ? "" : "transfer-encoding: chunked\r\n";
  return {
    text: `${method} ${path} HTTP/1.1\r\n${hostLine}${lines}${cookieLine}${framing}\r\n`,
    method,
    protocol: "",
  };
}

/**
 * The head of a response, or null when it is malformed (§8.3.2). HTTP/2 has no reason phrase: `reasonOf` says
 * what HTTP/1.1 usually has there.
 */
export function responseText(fields: readonly Field[], reasonOf: (status: number) => string): string | null {
  let status: string | null = null;
  let lines = "";
  for (const field of fields) {
    if (!field.isWellFormed) return null;
    if (field.kind === Kind.status) {
      if (status !== null || lines !== "" || !/^[1-9][0-9]{2}$/.test(field.value)) return null;
      status = field.value;
    } else if (isForbiddenHere(field.kind)) {
      return null;
    } else {
      lines += field.line;
    }
  }
  // §8.6: there is no 101 in HTTP/2.
  if (status === null || status === "101") return null;
  return `HTTP/1.1 ${status} ${reasonOf(Number(status))}\r\n${lines}\r\n`;
}

/** The field lines of trailers, or null when they are malformed: pseudo-header fields are not for trailers (§8.1). */
export function trailersText(fields: readonly Field[]): string | null {
  let lines = "";
  for (const field of fields) {
    if (!field.isWellFormed || field.kind === Kind.status || isForbiddenHere(field.kind)) return null;
    lines += field.line;
  }
  return lines;
}

/** §8.3.1: absolute, or `*` for OPTIONS; a plain CONNECT has none, so its authority stands here. */
function isPath(path: string, method: string): boolean {
  if (!word.test(path)) return false;
  return path.startsWith("/") || (path === "*" && method === "OPTIONS") || method === "CONNECT";
}

/** Pseudo-header fields of requests, and fields of HTTP/1 connections. */
function isForbiddenHere(kind: number): boolean {
  return (
    (kind >= Kind.method && kind <= Kind.protocol) || kind === Kind.unknownPseudo || kind === Kind.connection
  );
}
