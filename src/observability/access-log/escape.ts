/**
 * Makes text from outside safe inside one line of a log: no control character, quote or backslash gets
 * through as itself, so nobody can end a value or a line, or move a reader's terminal. Every spelling can
 * be read back. Knows no field names.
 *
 * What comes out is octets of UTF-8 as code points 0–255, like all text that the codec reads: a line is
 * copied to memory as it stands.
 *
 * A regular expression over the whole text decides the usual case, nothing to escape. That costs 2 ns a
 * character (bench/access-log.ts), so the formats remember what became of long values that repeat.
 */

const isPlainInside = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const isBareWord = /^[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+$/;
const isAscii = /^[\x00-\x7f]*$/;
const isBareToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * C0 and C1 controls, quote and backslash; the line and paragraph separators, which some readers take for
 * line ends; the marks that reorder what a reader sees; and lone surrogates, which UTF-8 cannot spell.
 */
const unsafeInJson =
  /["\\\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{d800}-\u{dfff}]/gu;

const unsafeEvenEscaped = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Starting a regular expression costs as much as looking at so many characters by hand. */
const shortChars = 16;

/** Visible ASCII and blanks, without quote and backslash. */
function isPlain(text: string): boolean {
  if (text.length > shortChars) return isPlainInside.test(text);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** The inside of a JSON string (RFC 8259 §7). Octets that are UTF-8 become the characters they spell. */
export function jsonText(text: string): string {
  return isPlain(text) ? text : escapedForJson(text);
}

/** A logfmt value: bare where that is unambiguous, otherwise quoted, with JSON's escapes inside. */
export function logfmtValue(text: string): string {
  return isBareWord.test(text) ? text : `"${jsonText(text)}"`;
}

/** The inside of a quoted value of the common formats: `\xHH` for what is not plain, as nginx writes it. */
export function hexText(text: string): string {
  return isPlain(text) ? text : text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/gu, hexEscapes);
}

/** An unquoted value of the common formats: `-` when empty, blanks escaped as well. */
export function hexToken(text: string): string {
  if (isBareToken.test(text)) return text;
  return text === "" ? "-" : text.replaceAll(/[^\x21\x23-\x5b\x5d-\x7e]/gu, hexEscapes);
}

/** For the inside of a JSON string that is already escaped: spells out the controls JSON itself lets through. */
export function withoutControls(escaped: string): string {
  return utf8Octets(escaped.replaceAll(unsafeEvenEscaped, jsonEscape));
}

/** The octets that spell the text in UTF-8, as code points 0–255. */
export function utf8Octets(text: string): string {
  return isAscii.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

function escapedForJson(text: string): string {
  return utf8Octets(decodedOctets(text).replaceAll(unsafeInJson, jsonEscape));
}

function jsonEscape(character: string): string {
  if (character === '"') return '\\"';
  if (character === "\\") return "\\\\";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Octets (code points 0–255) that form valid UTF-8 as the text they spell; anything else unchanged. */
export function decodedOctets(text: string): string {
  let hasHighOctet = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) return text;
    if (code >= 0x80) hasHighOctet = true;
  }
  if (!hasHighOctet) return text;
  const octets = Buffer.from(text, "latin1");
  const decoded = octets.toString("utf8");
  return decoded.includes("\ufffd") && !Buffer.from(decoded, "utf8").equals(octets) ? text : decoded;
}

function hexEscapes(character: string): string {
  let escaped = "";
  for (const octet of Buffer.from(character, character > "\xff" ? "utf8" : "latin1")) {
    escaped += `\\x${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}
