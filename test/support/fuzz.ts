/**
 * What the fuzz tests share: seeds that repeat, and ways to cut bytes into pieces. `HEADGATE_FUZZ_RUNS`
 * multiplies the runs for a long session; a failure prints the seed and path that repeat it.
 */
import * as fc from "fast-check";

const factor = Number(process.env["HEADGATE_FUZZ_RUNS"] ?? 1);

export function fuzzSettings(runs: number): { seed: number; numRuns: number; endOnFailure: boolean } {
  return { seed: 20_261_121, numRuns: Math.ceil(runs * factor), endOnFailure: false };
}

/** Cuts `text` at the given places (fractions of its length) into one or more pieces. */
export function cut(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => Math.floor(place * text.length)))].sort((a, b) => a - b);
  const pieces: string[] = [];
  let start = 0;
  for (const end of [...ends, text.length]) {
    if (end > start) pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** Places to cut at: none, a few, or nearly everywhere. */
export const anyCuts = fc.oneof(
  fc.constant([]),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 40, maxLength: 120 }),
);

/** Every single octet of the text a piece of its own, for short texts. */
export function singly(text: string): string[] {
  return text.split("");
}

const spice = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "0",
  "f",
  "\r\n\r\n",
  "chunked",
  "\u00ff",
  "\x7f",
];

/** A few small harms: octets put in, taken out or doubled somewhere. */
export const anyHarms = fc.array(
  fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat({ max: 3 }),
    insert: fc.oneof(fc.constant(""), fc.constantFrom(...spice)),
  }),
  { maxLength: 3 },
);

export function harmed(
  text: string,
  harms: readonly { readonly place: number; readonly remove: number; readonly insert: string }[],
): string {
  let result = text;
  for (const { place, remove, insert } of harms) {
    const at = Math.floor(place * result.length);
    result = result.slice(0, at) + insert + result.slice(at + remove);
  }
  return result;
}

/** Octets that mean something to HTTP, and some that do not. */
export const anyNoise = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...spice,
        "GET / HTTP/1.1",
        "HTTP/1.1 200 OK",
        "Host: a",
        "Content-Length: 3",
        "Transfer-Encoding: chunked",
      ),
      fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));
