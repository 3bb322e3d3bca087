/** Dates as HTTP writes them (RFC 9110 §5.6.7), computed once a second. */

let lastSecond = Number.NaN;
let lastText = "";

/** `wallMs` is Unix time in ms. Example: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toUTCString();
  }
  return lastText;
}
