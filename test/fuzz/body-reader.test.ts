/** The body reader: whatever the framing, a split changes nothing and nobody reads beyond the body. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { BodyReader } from "../../src/http1/body-reader.ts";
import type { BodyFraming } from "../../src/http1/framing.ts";
import { anyCuts, cut, fuzzSettings } from "../support/fuzz.ts";

const framing: fc.Arbitrary<BodyFraming> = fc.oneof(
  fc.constant({ kind: "none" } as const),
  fc.nat({ max: 60 }).map((bytes) => ({ kind: "length", bytes }) as const),
  fc.constant({ kind: "chunked" } as const),
  fc.constant({ kind: "until-close" } as const),
);

function read(reader: BodyReader, body: BodyFraming, pieces: readonly string[]): unknown {
  reader.begin(body, 100);
  let got = "";
  let consumed = 0;
  for (const piece of pieces) {
    const buffer = Buffer.from(piece, "latin1");
    const stop = reader.read(buffer, 0, buffer.length, {
      onBody: (bytes, start, end) => void (got += bytes.toString("latin1", start, end)),
    });
    consumed += stop;
    if (reader.isBroken) return "broken";
    if (reader.isComplete) break;
    assert.equal(stop, buffer.length);
  }
  return { got, consumed, isComplete: reader.isComplete, trailers: reader.trailers };
}

const text = fc.oneof(
  fc.string({ maxLength: 100 }),
  fc.constantFrom("3\r\nabc\r\n0\r\n\r\nmore", "a\r\n0123456789\r\n0\r\nX: y\r\n\r\n", "5\r\nab"),
);

test("a body has one reading, however it is split, by a fresh reader and by one used before", () => {
  const used = new BodyReader();
  fc.assert(
    fc.property(framing, text, anyCuts, (body, bytes, cuts) => {
      const whole = read(new BodyReader(), body, [bytes]);
      assert.deepEqual(read(new BodyReader(), body, cut(bytes, cuts)), whole);
      assert.deepEqual(read(used, body, cut(bytes, cuts)), whole);
    }),
    fuzzSettings(5000),
  );
});

test("a length is met exactly", () => {
  fc.assert(
    fc.property(fc.nat({ max: 80 }), fc.string({ maxLength: 80 }), anyCuts, (length, bytes, cuts) => {
      const outcome = read(new BodyReader(), { kind: "length", bytes: length }, cut(bytes, cuts));
      assert.deepEqual(outcome, {
        got: bytes.slice(0, length),
        consumed: Math.min(length, bytes.length),
        isComplete: bytes.length >= length,
        trailers: "",
      });
    }),
    fuzzSettings(3000),
  );
});
