/**
 * The character classes of RFC 9110 §5.6 and comparison of names without case.
 * Works on strings whose code points are octets (latin1), never on decoded text.
 */

function classOf(isMember: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (isMember(code) ? 1 : 0));
}

const tokenPunctuation = "!#$%&'*+-.^_`|~";

/** tchar: what methods and field names are made of (RFC 9110 §5.6.2). */
export const isTokenCode = classOf(
  (code) =>
    /[0-9A-Za-z]/.test(String.fromCharCode(code)) || tokenPunctuation.includes(String.fromCharCode(code)),
);

/** Octets of a field value: VCHAR, obs-text, SP and HTAB; no control characters (RFC 9110 §5.5). */
export const isFieldValueCode = classOf((code) => code === 9 || (code >= 32 && code !== 127));

/** Octets of a request target: visible ASCII without "#", which never goes on the wire. */
export const isTargetCode = classOf((code) => code > 32 && code < 127 && code !== 35);

/** Is `text[start, end)` the given lower-case name, ASCII case aside? */
export function equalsLowerCase(text: string, start: number, end: number, lowerName: string): boolean {
  if (end - start !== lowerName.length) return false;
  for (let i = 0; i < lowerName.length; i++) {
    let code = text.charCodeAt(start + i);
    if (code >= 65 && code <= 90) code |= 32;
    if (code !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}

export function isToken(text: string): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) if (isTokenCode[text.charCodeAt(i)] !== 1) return false;
  return true;
}

/** Does a comma-separated list contain the given lower-case token? Parameters after ";" are ignored. */
export function listHasToken(list: string, lowerToken: string): boolean {
  let start = 0;
  while (start <= list.length) {
    let end = list.indexOf(",", start);
    if (end < 0) end = list.length;
    let from = start;
    let to = list.indexOf(";", start);
    if (to < 0 || to > end) to = end;
    while (from < to && isBlank(list.charCodeAt(from))) from++;
    while (to > from && isBlank(list.charCodeAt(to - 1))) to--;
    if (equalsLowerCase(list, from, to, lowerToken)) return true;
    start = end + 1;
  }
  return false;
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
