/**
 * One field of a header block, judged once when it is decoded (RFC 9113 §8.2): what kind it is, whether it is
 * well formed, and how it looks as a line of HTTP/1.1. An entry of the dynamic table is used many times.
 */

/** What an HTTP/2 message must know a field for. */
export const Kind = {
  ordinary: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  protocol: 5,
  status: 6,
  /** A pseudo-header field that does not exist. */
  unknownPseudo: 7,
  host: 8,
  cookie: 9,
  contentLength: 10,
  te: 11,
  /** Belongs to a connection of HTTP/1; makes a message malformed (§8.2.2). */
  connection: 12,
  expect: 13,
} as const;

export interface Field {
  readonly name: string;
  readonly value: string;
  /** `name: value` with CRLF. */
  readonly line: string;
  readonly kind: number;
  readonly isWellFormed: boolean;
  /** Octets as the dynamic table counts them (RFC 7541 §4.1). */
  readonly size: number;
}

const kinds = new Map<string, number>([
  [":method", Kind.method],
  [":scheme", Kind.scheme],
  [":authority", Kind.authority],
  [":path", Kind.path],
  [":protocol", Kind.protocol],
  [":status", Kind.status],
  ["host", Kind.host],
  ["cookie", Kind.cookie],
  ["content-length", Kind.contentLength],
  ["te", Kind.te],
  ["expect", Kind.expect],
  ["connection", Kind.connection],
  ["keep-alive", Kind.connection],
  ["proxy-connection", Kind.connection],
  ["transfer-encoding", Kind.connection],
  ["upgrade", Kind.connection],
  ["http2-settings", Kind.connection],
]);

/** Tokens in lower case. */
const lowerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No control characters but HTAB, and no blank at either end (§8.2.1). */
const soundValue = /^(?:[^\x00-\x20\x7f](?:[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)?$/;

export function makeField(name: string, value: string): Field {
  const isPseudo = name.charCodeAt(0) === 58;
  const kind = kinds.get(name) ?? (isPseudo ? Kind.unknownPseudo : Kind.ordinary);
  return {
    name,
    value,
    line: `${name}: ${value}\r\n`,
    kind,
    isWellFormed: (isPseudo || lowerName.test(name)) && soundValue.test(value),
    size: name.length + value.length + 32,
  };
}
