import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, integer, property, string, uint8Array } from "fast-check";
import { decodeHuffman, encodeHuffman, huffmanLength } from "./huffman.ts";

function encoded(text: string): Buffer {
  const out = Buffer.alloc(text.length * 4 + 1);
  const end = encodeHuffman(text, out, 0);
  assert.equal(end, huffmanLength(text));
  return out.subarray(0, end);
}

function decoded(hex: string): string | null {
  const bytes = Buffer.from(hex, "hex");
  return decodeHuffman(bytes, 0, bytes.length);
}

/** RFC 7541 Appendix C. */
const examples: readonly (readonly [text: string, hex: string])[] = [
  ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
  ["no-cache", "a8eb10649cbf"],
  ["custom-key", "25a849e95ba97d7f"],
  ["custom-value", "25a849e95bb8e8b4bf"],
  ["302", "6402"],
  ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
  ["https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"],
  [
    "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
  ],
  ["", ""],
];

for (const [text, hex] of examples) {
  test(`Huffman code of ${JSON.stringify(text)} is the RFC's`, () => {
    assert.equal(encoded(text).toString("hex"), hex);
    assert.equal(decoded(hex), text);
  });
}

test("every octet by itself and beside every other survives", () => {
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      const text = String.fromCharCode(a, b, a);
      const bytes = encoded(text);
      assert.equal(decodeHuffman(bytes, 0, bytes.length), text);
    }
  }
});

test("any text survives", () => {
  check(
    property(
      string({
        unit: integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
        maxLength: 200,
      }),
      (text) => {
        const bytes = encoded(text);
        assert.equal(decodeHuffman(bytes, 0, bytes.length), text);
      },
    ),
    { seed: 1 },
  );
});

const faults: readonly (readonly [what: string, hex: string])[] = [
  ["an octet of padding", "f1e3c2e5f23a6ba0ab90f4ffff"],
  ["padding of zeros", "18"],
  ["padding with a zero in it", "0e"],
  ["the end mark", "ffffffff"],
  ["the end mark inside", "1ffffffffb"],
];

for (const [what, hex] of faults) {
  test(`a code with ${what} is refused`, () => assert.equal(decoded(hex), null));
}

test("decoding never reads beyond its end", () => {
  check(
    property(uint8Array({ maxLength: 64 }), uint8Array({ maxLength: 8 }), (bytes, more) => {
      const alone = Buffer.from(bytes);
      const within = Buffer.concat([alone, Buffer.from(more)]);
      assert.equal(decodeHuffman(within, 0, bytes.length), decodeHuffman(alone, 0, bytes.length));
    }),
    { seed: 1 },
  );
});
