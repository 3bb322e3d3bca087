/**
 * Request heads, strictly (RFC 9112 §3 and §5). A head is found by its empty line, turned into one
 * string of octets and parsed whole; the caller owns buffering and time.
 *
 * A client on a kept-alive connection tends to repeat its header lines to the letter, so the
 * parser remembers the last field section and hands back the same parsed Fields when the octets
 * are the same.
 */
import type { Cause } from "../core/errors.ts";
import { isTargetCode, isToken, isTokenCode } from "./characters.ts";
import { type Fields, parseFields } from "./fields.ts";
import { type BodyFraming, requestFraming } from "./framing.ts";

export interface HeadLimits {
  /** Largest head in bytes, the request line and the empty line included. */
  readonly headBytesMax: number;
  readonly headerCountMax: number;
  readonly targetBytesMax: number;
}

export interface RequestHead {
  readonly method: string;
  /** What goes to the endpoint: origin-form, or `*` for OPTIONS. */
  readonly target: string;
  /** Minor version of HTTP/1: 0 or 1. Anything that is not HTTP/1 sets 1. */
  readonly versionMinor: 0 | 1;
  /** The authority: from an absolute-form target, else from Host; "" when an HTTP/1.0 client sent none. */
  readonly host: string;
  readonly fields: Fields;
  readonly body: BodyFraming;
  /** May another request follow on this connection? */
  readonly isKeepAlive: boolean;
  /** Set on heads that came over HTTP/2, which are read as if they were of HTTP/1.1. */
  readonly isHttp2?: true;
}

const SP = 32;

/** Parses heads for one connection. */
export class RequestHeadParser {
  readonly #limits: HeadLimits;
  #lastFields: Fields | null = null;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  /** `text[start, end)` is a whole head: request line, field lines and the empty line's CRLF. */
  parse(text: string, start: number, end: number): RequestHead | Cause {
    const lineEnd = text.indexOf("\r\n", start);
    const line = parseRequestLine(text, start, lineEnd, this.#limits.targetBytesMax);
    if (typeof line === "string") return line;
    const fields = this.#parseFields(text, lineEnd + 2, end - 2);
    if (typeof fields === "string") return fields;

    let { target } = line;
    let host = fields.host;
    if (target.charCodeAt(0) !== 47 /* / */ || line.method === "CONNECT") {
      const absolute = resolveTarget(line.method, target);
      if (typeof absolute === "string") return absolute;
      target = absolute.target;
      if (absolute.authority !== "") host = absolute.authority;
    }
    const hostFault = checkHost(fields, host, line.versionMinor);
    if (hostFault !== null) return hostFault;
    const body = requestFraming(fields, line.versionMinor);
    if (typeof body === "string") return body;
    return {
      method: line.method,
      target,
      versionMinor: line.versionMinor,
      host,
      fields,
      body,
      isKeepAlive: keepsAlive(fields, line.versionMinor),
    };
  }

  #parseFields(text: string, start: number, end: number): Fields | Cause {
    const last = this.#lastFields;
    if (last !== null && last.section.length === end - start && last.section === text.slice(start, end))
      return last;
    const fields = parseFields(text, start, end, this.#limits.headerCountMax, false);
    if (fields === "too-many") return "head-too-large";
    if (fields === "bad-line") return "bad-header";
    this.#lastFields = fields;
    return fields;
  }
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly versionMinor: 0 | 1;
}

/** request-line = method SP request-target SP HTTP-version, with single spaces and nothing else. */
function parseRequestLine(
  text: string,
  start: number,
  lineEnd: number,
  targetBytesMax: number,
): RequestLine | Cause {
  let pos = start;
  while (isTokenCode[text.charCodeAt(pos)] === 1) pos++;
  if (pos === start || text.charCodeAt(pos) !== SP) return "bad-request-line";
  const methodEnd = pos++;
  while (isTargetCode[text.charCodeAt(pos)] === 1) pos++;
  const targetEnd = pos;
  if (targetEnd - methodEnd - 1 > targetBytesMax) return "target-too-long";
  if (targetEnd === methodEnd + 1 || text.charCodeAt(pos) !== SP) return "bad-request-line";
  if (lineEnd - pos !== 9 || !text.startsWith("HTTP/", pos + 1)) return "bad-request-line";
  const major = text.charCodeAt(pos + 6);
  const minor = text.charCodeAt(pos + 8);
  if (text.charCodeAt(pos + 7) !== 46 || major < 48 || major > 57 || minor < 48 || minor > 57)
    return "bad-request-line";
  if (major !== 49 || minor > 49) return "unsupported-version";
  return {
    method: methodName(text.slice(start, methodEnd)),
    target: text.slice(methodEnd + 1, targetEnd),
    versionMinor: minor === 49 ? 1 : 0,
  };
}

/** Interned names for the usual methods, so that later comparisons are by reference. */
function methodName(text: string): string {
  return text === "GET" ? "GET" : text === "POST" ? "POST" : text === "HEAD" ? "HEAD" : text;
}

const absoluteForm = /^https?:\/\/([^/?]*)(.*)$/is;

/** The forms of a target that do not begin with a slash (RFC 9112 §3.2.2–3.2.4). */
function resolveTarget(method: string, target: string): { target: string; authority: string } | Cause {
  if (method === "CONNECT") return "connect-refused-method";
  if (target === "*") return method === "OPTIONS" ? { target, authority: "" } : "bad-request-line";
  const parts = absoluteForm.exec(target);
  const authority = parts?.[1] ?? "";
  if (parts === null || authority === "" || authority.includes("@")) return "bad-request-line";
  const rest = parts[2] ?? "";
  if (rest === "") return { target: method === "OPTIONS" ? "*" : "/", authority };
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority };
}

/** uri-host [ ":" port ]: a name, an IPv4 address or a bracketed IPv6 address (RFC 9110 §7.2). */
const authorityGrammar = /^(?:[0-9A-Za-z\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

let lastValidAuthority = "localhost";

function isAuthority(text: string): boolean {
  if (text === lastValidAuthority) return true;
  if (!authorityGrammar.test(text)) return false;
  const port = /:([0-9]+)$/.exec(text)?.[1];
  if (port !== undefined && Number(port) > 65_535) return false;
  lastValidAuthority = text;
  return true;
}

/** RFC 9112 §3.2: one Host in HTTP/1.1, none or one in 1.0, valid in both. */
function checkHost(fields: Fields, host: string, versionMinor: 0 | 1): Cause | null {
  if (fields.hostCount > 1) return "bad-host";
  if (fields.hostCount === 0)
    return versionMinor === 0 && (host === "" || isAuthority(host)) ? null : "bad-host";
  return isAuthority(fields.host) && (host === fields.host || isAuthority(host)) ? null : "bad-host";
}

/** RFC 9112 §9.3: `close` wins; 1.1 persists by default; 1.0 only when asked. */
function keepsAlive(fields: Fields, versionMinor: 0 | 1): boolean {
  if (fields.connection === "") return versionMinor === 1;
  if (fields.hasConnectionOption("close")) return false;
  return versionMinor === 1 || fields.hasConnectionOption("keep-alive");
}

/**
 * Judges the beginning of a head that is not complete yet, so that garbage (TLS on a plain port,
 * bare line feeds) is answered at once and not when the head timeout strikes.
 */
export function faultInPartialHead(partial: string, limits: HeadLimits): Cause | null {
  const lineEnd = partial.indexOf("\r\n");
  const firstLine = lineEnd < 0 ? partial.replace(/\r$/, "") : partial.slice(0, lineEnd);
  const methodEnd = firstLine.indexOf(" ");
  if (methodEnd >= 0 ? !isToken(firstLine.slice(0, methodEnd)) : !isToken(firstLine)) {
    return firstLine === "" ? null : "bad-request-line";
  }
  const bareLineFeed = partial.search(/(?<!\r)\n/);
  if (bareLineFeed >= 0) return lineEnd >= 0 && lineEnd < bareLineFeed ? "bad-header" : "bad-request-line";
  const targetBytes = firstLine.length - methodEnd - 1;
  if (methodEnd > 0 && targetBytes > limits.targetBytesMax + " HTTP/1.1".length) return "target-too-long";
  if (partial.length > limits.headBytesMax) return "head-too-large";
  return null;
}
