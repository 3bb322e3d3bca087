/**
 * Keeps what templates produce within the grammar of request targets and Location headers: nothing a
 * client sent may end a line, begin another parameter or turn a path into another host.
 */

/** Escapes what may not stand in a URL; existing escapes and delimiters stay. Input is octets. */
export function escapeUrl(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]|[\\"<>^`{|}]/g, escapeOctet);
}

/** The same for a path and query: `#`, which never goes on the wire, and a second slash at the start go too. */
export function escapeTarget(text: string): string {
  const escaped = escapeUrl(text).replaceAll("#", "%23");
  return `/${escaped.replace(/^\/+/, "")}`;
}

/** Escapes all but unreserved characters (RFC 3986 §2.3) and escapes, so that a value stays one value. */
export function escapeQueryValue(text: string): string {
  return text.replaceAll(/%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~%-]/g, escapeOctet);
}

function escapeOctet(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
