/**
 * How a raw path is read for matching. Two servers may read `/a/../b`, `/a%2Fb` or `/a//b` differently;
 * this file gives the form that routes are compared with and, for paths that can be read in several
 * ways, every reading. The raw path itself is never changed. See docs/decisions/path-matching.md.
 *
 *   raw /%61dmin/../x%2fy
 *    │ characters: decode what a segment may hold anyway, escape the rest in upper case
 *    ▼
 *   /admin/../x%2Fy ──► steps: dot segments resolved, %2F taken as "/" … in any order, or not at all
 */

/** 1 for the characters that a path segment may hold unescaped (pchar, RFC 3986 §3.3) and for "/". */
const isPlainCode = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9._~!$&'()*+,;=:@/-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

const slash = 0x2f;
const dot = 0x2e;

/** Has the path only one reading, itself? True for nearly every request; one pass, no allocation. */
export function isPlainPath(path: string): boolean {
  let previous = 0;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (isPlainCode[code] !== 1) return false;
    if (previous === slash && (code === slash || code === dot)) return false;
    previous = code;
  }
  return true;
}

/** What servers may do to a path before they look at it; in any order, and each or none. */
const steps: readonly ((path: string) => string)[] = [
  mergeSlashes,
  resolveDots,
  (path) => path.replaceAll("%2F", "/"),
  (path) => path.replaceAll("%5C", "/"),
  // Servlet containers drop the parameters of a segment, which makes `..;x` a dot segment.
  (path) => path.replaceAll(/(?<=\/)(\.{1,2});[^/]*/g, "$1"),
];

/** A path with more readings, or a longer one that has several, is nobody's honest request. */
const readingsMax = 32;
const unclearLengthMax = 4096;

/**
 * All readings of a path, the one to match with first; empty when no reading is safe (an escaped NUL,
 * or a path beyond the limits). The first: escapes of plain characters decoded, dot segments resolved,
 * slashes merged, and escaped slashes left inside their segment.
 */
export function pathReadings(path: string): readonly string[] {
  if (isPlainPath(path) || !path.startsWith("/")) return [path];
  const canonical = canonicalCharacters(path);
  if (canonical.includes("%00")) return [];
  const normal = mergeSlashes(resolveDots(mergeSlashes(canonical)));
  if (isSettled(canonical)) return [normal];
  if (canonical.length > unclearLengthMax) return [];
  const forms = new Set([canonical]);
  for (const form of forms) {
    for (const step of steps) forms.add(step(form));
    if (forms.size > readingsMax) return [];
  }
  const readings = new Set([normal]);
  for (const form of forms) readings.add(mergeSlashes(form));
  return [...readings];
}

/** Would every step but merging slashes leave it alone? */
function isSettled(canonical: string): boolean {
  return !/%2F|%5C|\/\.{1,2}(?:[/;]|$)/.test(canonical);
}

/** The first reading; the raw path when none is safe. */
export function normalPath(path: string): string {
  return isPlainPath(path) ? path : (pathReadings(path)[0] ?? path);
}

/** A path written by a user, in the same form: UTF-8, escapes normal, nothing resolved. */
export function canonicalSpecPath(path: string): string {
  return canonicalCharacters(Buffer.from(path, "utf8").toString("latin1"));
}

/** Decodes once what needs no escape, escapes what does, and spells escapes in upper case. */
function canonicalCharacters(path: string): string {
  return path.replaceAll(/%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/-]/g, (found, hex?: string) => {
    const code = hex === undefined ? found.charCodeAt(0) : Number.parseInt(hex, 16);
    if (code !== slash && isPlainCode[code] === 1) return String.fromCharCode(code);
    return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

function mergeSlashes(path: string): string {
  return path.replaceAll(/\/{2,}/g, "/");
}

/** Removes `.` and `..` segments (RFC 3986 §5.2.4). */
function resolveDots(path: string): string {
  if (!/\/\.{1,2}(?:\/|$)/.test(path)) return path;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDot) kept.push(segment);
    else if (index === segments.length - 1) kept.push("");
  });
  return `/${kept.join("/")}`;
}
