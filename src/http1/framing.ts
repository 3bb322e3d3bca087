/**
 * How long a message body is (RFC 9112 §6.3). The rules stand in the RFC's order, those that do
 * not apply to a gateway included. Ambiguity is refused, never repaired.
 */
import type { Cause } from "../core/errors.ts";
import type { Fields } from "./fields.ts";

export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** Responses only: the body ends with the connection. */
  | { readonly kind: "until-close" };

const noBody: BodyFraming = { kind: "none" };
const chunkedBody: BodyFraming = { kind: "chunked" };
export const untilCloseBody: BodyFraming = { kind: "until-close" };

/** 2^53 − 1 has 16 digits. */
const lengthDigitsMax = 16;

/** Content-Length as a number; null when it is not digits only or beyond 2^53 − 1. */
function lengthFrom(text: string): number | null {
  if (text.length === 0 || text.length > lengthDigitsMax) return null;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? value : null;
}

/** No body, or one of no bytes. */
export function isEmptyBody(body: BodyFraming): boolean {
  return body.kind === "none" || (body.kind === "length" && body.bytes === 0);
}

/** The body of a request, or the cause to refuse it and close. */
export function requestFraming(fields: Fields, versionMinor: 0 | 1): BodyFraming | Cause {
  // 1, 2: concern responses (HEAD, 1xx, 204, 304; CONNECT is refused before).
  if (fields.transferEncodingCount > 0) {
    // §6.1: Transfer-Encoding in an HTTP/1.0 message is faulty framing.
    if (versionMinor === 0) return "ambiguous-framing";
    // 3: Transfer-Encoding with Content-Length is an attack until proved otherwise.
    if (fields.contentLengthCount > 0) return "ambiguous-framing";
    // 4: chunked must be the last coding; other codings are not implemented (501).
    if (fields.transferEncodingCount > 1) return "ambiguous-framing";
    if (fields.transferEncoding.toLowerCase() === "chunked") return chunkedBody;
    return hasMisplacedChunked(fields.transferEncoding) ? "ambiguous-framing" : "unknown-transfer-coding";
  }
  // 5: an invalid or repeated Content-Length is refused, repeated identical ones too.
  if (fields.contentLengthCount > 0) {
    const bytes = fields.contentLengthCount === 1 ? lengthFrom(fields.contentLength) : null;
    if (bytes === null) return "ambiguous-framing";
    // 6: a valid one is the length.
    return bytes === 0 ? emptyBody : { kind: "length", bytes };
  }
  // 7: neither means no body in a request. (8 concerns responses.)
  return noBody;
}

/** Is chunked anywhere but last, twice, or with parameters? Some receiver may see it, another not. */
function hasMisplacedChunked(transferEncoding: string): boolean {
  const codings = transferEncoding.toLowerCase().split(",");
  const last = codings.pop() as string;
  if (codings.some((coding) => /^\s*(?:chunked\b|$)/.test(coding))) return true;
  return /^\s*chunked\b/.test(last) && last.trim() !== "chunked";
}

/** `Content-Length: 0` is kept apart from no length at all: it is passed on. */
const emptyBody: BodyFraming = { kind: "length", bytes: 0 };

/** The body of a final response to `method`, or null when its framing is invalid. */
export function responseFraming(
  fields: Fields,
  status: number,
  method: string,
  versionMinor: 0 | 1,
): BodyFraming | null {
  const declared = declaredResponseFraming(fields, versionMinor);
  // 1: HEAD, 1xx, 204 and 304 have no body whatever the fields say. (2: CONNECT never happens.)
  if (method === "HEAD" || status < 200 || status === 204 || status === 304)
    return declared === null ? null : noBody;
  return declared;
}

function declaredResponseFraming(fields: Fields, versionMinor: 0 | 1): BodyFraming | null {
  if (fields.transferEncodingCount > 0) {
    // §6.1 for 1.0; 3 for both fields at once: an origin that sends either is not to be trusted.
    if (versionMinor === 0 || fields.contentLengthCount > 0) return null;
    // 4: chunked last, or the body runs until close; codings under chunked cannot be passed on.
    if (fields.transferEncoding.toLowerCase() === "chunked") return chunkedBody;
    return null;
  }
  if (fields.contentLengthCount > 0) {
    // 5: identical repeats may be collapsed, anything else is invalid. 6: valid.
    const bytes =
      fields.contentLengthCount === 1
        ? lengthFrom(fields.contentLength)
        : lengthFromRepeats(fields.contentLength);
    if (bytes === null) return null;
    return { kind: "length", bytes };
  }
  // 8: until the connection closes.
  return untilCloseBody;
}

function lengthFromRepeats(list: string): number | null {
  const [first = "", ...others] = list.split(",").map((part) => part.trim());
  return others.every((other) => other === first) ? lengthFrom(first) : null;
}
