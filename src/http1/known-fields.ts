/**
 * The fields a proxy must understand, and which of them it writes itself instead of passing on
 * (RFC 9110 §7.6.1 and the X-Forwarded family). Recognition costs a length check for most fields.
 */
export const Known = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  expect: 6,
  te: 7,
  via: 8,
  keepAlive: 9,
  maxForwards: 10,
  forwarded: 11,
  xForwardedFor: 12,
  xForwardedProto: 13,
  xForwardedHost: 14,
  xForwardedPort: 15,
  /** Hop-by-hop or ours to set, and of no interest otherwise. */
  dropped: 16,
  /** Nothing to understand, but logs ask for it with every request. */
  userAgent: 17,
  referer: 18,
} as const;

interface KnownField {
  readonly lowerName: string;
  readonly id: number;
  /** Left out when a request is passed on, because it is hop-by-hop or written anew. */
  readonly isDroppedInRequest: boolean;
  readonly isDroppedInResponse: boolean;
}

const both = { isDroppedInRequest: true, isDroppedInResponse: true };
const requestOnly = { isDroppedInRequest: true, isDroppedInResponse: false };
const kept = { isDroppedInRequest: false, isDroppedInResponse: false };

const knownFields: readonly KnownField[] = [
  { lowerName: "host", id: Known.host, ...requestOnly },
  { lowerName: "connection", id: Known.connection, ...both },
  { lowerName: "content-length", id: Known.contentLength, ...both },
  { lowerName: "transfer-encoding", id: Known.transferEncoding, ...both },
  { lowerName: "upgrade", id: Known.upgrade, ...both },
  { lowerName: "expect", id: Known.expect, ...requestOnly },
  { lowerName: "te", id: Known.te, ...both },
  { lowerName: "via", id: Known.via, ...requestOnly },
  { lowerName: "keep-alive", id: Known.keepAlive, ...both },
  { lowerName: "max-forwards", id: Known.maxForwards, ...kept },
  { lowerName: "forwarded", id: Known.forwarded, ...requestOnly },
  { lowerName: "x-forwarded-for", id: Known.xForwardedFor, ...requestOnly },
  { lowerName: "x-forwarded-proto", id: Known.xForwardedProto, ...requestOnly },
  { lowerName: "x-forwarded-host", id: Known.xForwardedHost, ...requestOnly },
  { lowerName: "x-forwarded-port", id: Known.xForwardedPort, ...requestOnly },
  { lowerName: "x-real-ip", id: Known.dropped, ...requestOnly },
  { lowerName: "proxy-connection", id: Known.dropped, ...both },
  { lowerName: "proxy-authorization", id: Known.dropped, ...requestOnly },
  { lowerName: "proxy-authenticate", id: Known.dropped, ...both },
  { lowerName: "http2-settings", id: Known.dropped, ...requestOnly },
  { lowerName: "user-agent", id: Known.userAgent, ...kept },
  { lowerName: "referer", id: Known.referer, ...kept },
];

const byLength: readonly (readonly KnownField[])[] = Array.from({ length: 24 }, (_, length) =>
  knownFields.filter((field) => field.lowerName.length === length),
);

/** The rule for the name at `octets[start, end)`, or null for an ordinary field. */
export function recogniseField(octets: Uint8Array, start: number, end: number): KnownField | null {
  const fields = byLength[end - start];
  if (fields === undefined) return null;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as KnownField;
    if (hasLowerName(octets, start, field.lowerName)) return field;
  }
  return null;
}

function hasLowerName(octets: Uint8Array, start: number, lowerName: string): boolean {
  for (let i = 0; i < lowerName.length; i++) {
    let code = octets[start + i] as number;
    if (code >= 65 && code <= 90) code |= 32;
    if (code !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}
