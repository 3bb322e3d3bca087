/**
 * Finds one query parameter or one cookie in the raw text that carries it, without building a map of
 * all. Values come back raw; `decodeQueryText` decodes where a meaning is compared.
 */

/**
 * The raw value of the first parameter called `name` (`a=1&b=2`), "" for a parameter without `=`,
 * undefined when there is none. An encoded spelling of the name (`%61=1`) counts as well.
 */
export function queryValue(query: string, name: string): string | undefined {
  let at = 0;
  while (at < query.length) {
    const end = endOfPair(query, at);
    const valueAt = valueStart(query, at, end, name);
    if (valueAt !== -1) return query.slice(valueAt, end);
    at = end + 1;
  }
  return undefined;
}

/** Does any parameter called `name` have a decoded value that passes? */
export function hasQueryValue(query: string, name: string, passes: (decoded: string) => boolean): boolean {
  let at = 0;
  while (at < query.length) {
    const end = endOfPair(query, at);
    const valueAt = valueStart(query, at, end, name);
    if (valueAt !== -1 && passes(decodeQueryText(query.slice(valueAt, end)))) return true;
    at = end + 1;
  }
  return false;
}

function endOfPair(query: string, from: number): number {
  const end = query.indexOf("&", from);
  return end === -1 ? query.length : end;
}

/** Where the value of the pair in query[at, end) begins, or -1 when the pair has another name. */
function valueStart(query: string, at: number, end: number, name: string): number {
  const nameEnd = at + name.length;
  if (nameEnd <= end && query.startsWith(name, at)) {
    if (nameEnd === end) return end;
    if (query.charCodeAt(nameEnd) === 0x3d) return nameEnd + 1;
  }
  const equals = query.indexOf("=", at);
  const rawEnd = equals === -1 || equals > end ? end : equals;
  const raw = query.slice(at, rawEnd);
  if (!raw.includes("%") && !raw.includes("+")) return -1;
  return decodeQueryText(raw) === name ? Math.min(rawEnd + 1, end) : -1;
}

/** Decodes `+` and percent-escapes as forms do (UTF-8); text with broken escapes stays as it is. */
export function decodeQueryText(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** The value of the first cookie called `name` in a Cookie header, without surrounding quotes. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  let at = 0;
  while (at < header.length) {
    let end = header.indexOf(";", at);
    if (end === -1) end = header.length;
    while (header.charCodeAt(at) === 0x20 || header.charCodeAt(at) === 0x09) at++;
    if (
      header.startsWith(name, at) &&
      header.charCodeAt(at + name.length) === 0x3d &&
      at + name.length < end
    ) {
      return unquoted(header.slice(at + name.length + 1, end).trimEnd());
    }
    at = end + 1;
  }
  return undefined;
}

function unquoted(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1) : value;
}
