/** Requests for fuzz tests: valid ones made of parts, with what an origin must get of them. */
import * as fc from "fast-check";

export interface MadeRequest {
  readonly wire: string;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** Field lines that must arrive, in order. */
  readonly lines: readonly string[];
  /** The field lines that frame the body. */
  readonly framing: readonly string[];
  readonly body: string;
  readonly trailers: string;
}

const value = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019 ,;="/\t\u00e9\u00ff'.split("")), maxLength: 30 })
  .map((text) => text.trim());
const field = fc
  .tuple(fc.constantFrom("X-One", "x-two", "Accept", "Cookie", "User-Agent", "X.Y!", "Content-Type"), value)
  .map(([name, text]) => `${name}: ${text}`);
const target = fc
  .tuple(
    fc.constantFrom("/", "/a", "/a/b", "/very/long/path"),
    fc.constantFrom("", "?", "?q=1&r=%20", "?x=/y?z"),
  )
  .map(([path, query]) => path + query);
const host = fc.constantFrom("a", "example.test", "example.test:8080", "[::1]:80");
const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});

type Body =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly text: string }
  | { readonly kind: "chunked"; readonly chunks: readonly string[]; readonly trailers: string };

const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constant({ kind: "none" } as const),
  octets.map((text) => ({ kind: "length", text }) as const),
  fc
    .tuple(
      fc.array(
        octets.filter((text) => text !== ""),
        { maxLength: 5 },
      ),
      fc.constantFrom("", "X-Sum: 1\r\n"),
    )
    .map(([chunks, trailers]) => ({ kind: "chunked", chunks, trailers }) as const),
);

export const anyRequest: fc.Arbitrary<MadeRequest> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"),
    target,
    host,
    lines: fc.array(field, { maxLength: 6 }),
    body,
    isHostLast: fc.boolean(),
  })
  .map((parts) => {
    const framing =
      parts.body.kind === "length"
        ? [`Content-Length: ${parts.body.text.length}`]
        : parts.body.kind === "chunked"
          ? ["Transfer-Encoding: chunked"]
          : [];
    const hostLine = `Host: ${parts.host}`;
    const lines = parts.isHostLast
      ? [...parts.lines, ...framing, hostLine]
      : [hostLine, ...framing, ...parts.lines];
    return {
      wire: `${parts.method} ${parts.target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n${wireBody(parts.body)}`,
      method: parts.method,
      target: parts.target,
      host: parts.host,
      lines: parts.lines,
      framing,
      body:
        parts.body.kind === "length"
          ? parts.body.text
          : parts.body.kind === "chunked"
            ? parts.body.chunks.join("")
            : "",
      trailers: parts.body.kind === "chunked" ? parts.body.trailers : "",
    };
  });

function wireBody(made: Body): string {
  if (made.kind === "none") return "";
  if (made.kind === "length") return made.text;
  const chunks = made.chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return `${chunks.join("")}0\r\n${made.trailers}\r\n`;
}
