import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decodedOctets, hexText, hexToken, jsonText, logfmtValue } from "./escape.ts";

/** The text that octets spell. */
function spelled(escaped: string): string {
  assert.doesNotMatch(escaped, /[^\x00-\xff]/);
  return Buffer.from(escaped, "latin1").toString("utf8");
}

/** What a codec hands over: octets. */
const octets = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const anyText = fc.oneof(octets, fc.string({ unit: "binary", maxLength: 40 }), fc.string({ maxLength: 40 }));

test("JSON text reads back as the octets' meaning", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.equal(JSON.parse(`"${spelled(jsonText(text))}"`), decodedOctets(text));
    }),
  );
});

test("no escaped text holds a control, a separator of lines or a mark that reorders", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const escaped of [jsonText(text), logfmtValue(text), hexText(text), hexToken(text)]) {
        assert.doesNotMatch(spelled(escaped), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        assert.ok(!spelled(escaped).includes("\ufffd") || text.includes("\ufffd"));
      }
    }),
  );
});

test("hex text reads back as the same octets", () => {
  fc.assert(
    fc.property(octets, (text) => {
      const back = hexText(text).replaceAll(/\\x([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      assert.equal(back, text);
      assert.doesNotMatch(hexText(text), /"/);
      assert.doesNotMatch(hexToken(text), /[ "]/);
    }),
  );
});

const spellings: readonly (readonly [(text: string) => string, string, string])[] = [
  [jsonText, 'say "hi"\\', String.raw`say \"hi\"\\`],
  [jsonText, "a\r\nb\u0000", String.raw`a\u000d\u000ab\u0000`],
  [jsonText, "\u001b[2J", String.raw`\u001b[2J`],
  [jsonText, "/caf\u00c3\u00a9", "/café"],
  [jsonText, "/caf\u00e9", "/café"],
  [jsonText, "\u00c2\u0085", String.raw`\u0085`],
  [jsonText, "\u00e2\u0080\u00a8", String.raw`\u2028`],
  [jsonText, "\ud800x", String.raw`\ud800x`],
  [jsonText, "😀", "😀"],
  [hexText, 'a"\\\n\u00e9', String.raw`a\x22\x5C\x0A\xE9`],
  [hexText, "€", String.raw`\xE2\x82\xAC`],
  [hexToken, "", "-"],
  [hexToken, "a b", String.raw`a\x20b`],
  [logfmtValue, "plain", "plain"],
  [logfmtValue, "", '""'],
  [logfmtValue, "a=b", '"a=b"'],
  [logfmtValue, 'a "b"', String.raw`"a \"b\""`],
];

for (const [escape, text, expected] of spellings) {
  test(`${escape.name} spells ${JSON.stringify(text)} as ${expected}`, () => {
    assert.equal(spelled(escape(text)), expected);
  });
}
