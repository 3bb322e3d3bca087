/** HPACK's static table (RFC 7541 Appendix A). Index 1 is the first entry. */
import { type Field, makeField } from "./field.ts";

const entries: readonly (readonly [name: string, value?: string])[] = [
  [":authority"],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset"],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language"],
  ["accept-ranges"],
  ["accept"],
  ["access-control-allow-origin"],
  ["age"],
  ["allow"],
  ["authorization"],
  ["cache-control"],
  ["content-disposition"],
  ["content-encoding"],
  ["content-language"],
  ["content-length"],
  ["content-location"],
  ["content-range"],
  ["content-type"],
  ["cookie"],
  ["date"],
  ["etag"],
  ["expect"],
  ["expires"],
  ["from"],
  ["host"],
  ["if-match"],
  ["if-modified-since"],
  ["if-none-match"],
  ["if-range"],
  ["if-unmodified-since"],
  ["last-modified"],
  ["link"],
  ["location"],
  ["max-forwards"],
  ["proxy-authenticate"],
  ["proxy-authorization"],
  ["range"],
  ["referer"],
  ["refresh"],
  ["retry-after"],
  ["server"],
  ["set-cookie"],
  ["strict-transport-security"],
  ["transfer-encoding"],
  ["user-agent"],
  ["vary"],
  ["via"],
  ["www-authenticate"],
];

/** By index minus one. */
export const staticTable: readonly Field[] = entries.map(([name, value = ""]) => makeField(name, value));

/** Index of the first entry with that name. */
export const staticNames: ReadonlyMap<string, number> = new Map(
  entries.map(([name], index): [string, number] => [name, index + 1]).toReversed(),
);

/** Index of the entry with that name and value, by `name: value`. */
export const staticPairs: ReadonlyMap<string, number> = new Map(
  entries.flatMap(([name, value], index): [string, number][] =>
    value === undefined ? [] : [[`${name}: ${value}`, index + 1]],
  ),
);
