/** The decoder of the chunked coding: any split decodes alike, nothing outside its span is read, nothing throws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ChunkedDecoder } from "../../src/http1/chunked.ts";
import { anyCuts, anyHarms, anyNoise, cut, fuzzSettings, harmed } from "../support/fuzz.ts";

interface Outcome {
  readonly state: "done" | "broken" | "unfinished";
  readonly body: string;
  readonly trailers: string;
  /** Octets that belong to the body. */
  readonly consumed: number;
}

const padding = "0\r\n\r\n";

/** Each piece stands in a larger buffer whose other octets would change the outcome if they were read. */
function decode(pieces: readonly string[], trailerBytesMax = 200): Outcome {
  const decoder = new ChunkedDecoder(trailerBytesMax);
  let body = "";
  let consumed = 0;
  for (const piece of pieces) {
    const buffer = Buffer.from(padding + piece + padding, "latin1");
    const start = padding.length;
    const end = start + piece.length;
    const stop = decoder.decode(buffer, start, end, {
      onBody(bytes, from, to) {
        assert.ok(bytes === buffer && from >= start && to <= end && from < to, "spans lie inside the piece");
        body += bytes.toString("latin1", from, to);
      },
    });
    assert.ok(stop >= start && stop <= end, "it stops inside the piece");
    consumed += stop - start;
    if (decoder.isBroken) return { state: "broken", body: "", trailers: "", consumed: 0 };
    if (decoder.isDone) return { state: "done", body, trailers: decoder.trailers, consumed };
    assert.equal(stop, end, "an unfinished body takes all there is");
  }
  return { state: "unfinished", body, trailers: "", consumed };
}

const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 50,
});
const extension = fc.constantFrom("", "", ";a", ";a=b", ' ;a="b;c"', "\t; a");
const chunk = fc.record({
  data: octets,
  extension,
  zeros: fc.constantFrom("", "0", "000"),
  isUpper: fc.boolean(),
});
const trailer = fc.constantFrom("X-Sum: 1\r\n", "X:\r\n", "A: b: c\r\n");

const encoded = fc
  .record({
    chunks: fc.array(chunk, { maxLength: 8 }),
    last: fc.constantFrom("0", "00", "0;x"),
    trailers: fc.array(trailer, { maxLength: 3 }),
    behind: fc.constantFrom("", "GET / HTTP/1.1\r\n", "\r\n"),
  })
  .map(({ chunks, last, trailers, behind }) => {
    const sizeOf = (length: number, isUpper: boolean): string =>
      isUpper ? length.toString(16).toUpperCase() : length.toString(16);
    const coded = chunks.map(
      ({ data, extension: ext, zeros, isUpper }) =>
        `${zeros}${sizeOf(data.length, isUpper)}${ext}\r\n${data}\r\n`,
    );
    const wire = `${coded.join("")}${last}\r\n${trailers.join("")}\r\n`;
    return { wire, behind, body: chunks.map(({ data }) => data).join(""), trailers: trailers.join("") };
  });

test("a valid body decodes to what was encoded, however it is split, and ends where it ends", () => {
  fc.assert(
    fc.property(encoded, anyCuts, ({ wire, behind, body, trailers }, cuts) => {
      assert.deepEqual(decode(cut(wire + behind, cuts)), {
        state: "done",
        body,
        trailers,
        consumed: wire.length,
      });
    }),
    fuzzSettings(3000),
  );
});

test("a harmed body has one outcome, however it is split", () => {
  fc.assert(
    fc.property(encoded, anyHarms, anyCuts, ({ wire, behind }, harms, cuts) => {
      const text = harmed(wire, harms) + behind;
      assert.deepEqual(decode(cut(text, cuts)), decode([text]));
      assert.deepEqual(decode(text.split("")), decode([text]));
    }),
    fuzzSettings(3000),
  );
});

test("noise has one outcome, however it is split", () => {
  fc.assert(
    fc.property(anyNoise, anyCuts, (noise, cuts) => {
      assert.deepEqual(decode(cut(noise, cuts)), decode([noise]));
    }),
    fuzzSettings(3000),
  );
});

test("trailers at their limit have one outcome, however they are split", () => {
  fc.assert(
    fc.property(fc.integer({ min: 150, max: 260 }), anyCuts, (bytes, cuts) => {
      const text = `0\r\nX: ${"y".repeat(bytes)}\r\n\r\nrest`;
      assert.deepEqual(decode(cut(text, cuts)), decode([text]));
    }),
    fuzzSettings(1000),
  );
});
