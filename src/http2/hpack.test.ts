import assert from "node:assert/strict";
import { test } from "node:test";
import {
  array,
  assert as check,
  constantFrom,
  integer,
  property,
  string,
  tuple,
  uint8Array,
} from "fast-check";
import { HpackDecoder } from "./hpack-decoder.ts";
import { encodeField, encodeLines, noTableUpdate } from "./hpack-encoder.ts";

function read(decoder: HpackDecoder, hex: string): string[] | string {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const verdict = decoder.decode(bytes, 0, bytes.length);
  return verdict === "read" ? decoder.fields.map(({ name, value }) => `${name}: ${value}`) : verdict;
}

/** RFC 7541 C.3, C.4 and C.6: blocks of one connection, one after another. */
const conversations: readonly {
  name: string;
  tableBytes: number;
  blocks: readonly (readonly [hex: string, fields: readonly string[]])[];
}[] = [
  {
    name: "requests without Huffman coding",
    tableBytes: 4096,
    blocks: [
      [
        "828684410f7777772e6578616d706c652e636f6d",
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
      ],
      [
        "828684be58086e6f2d6361636865",
        [
          ":method: GET",
          ":scheme: http",
          ":path: /",
          ":authority: www.example.com",
          "cache-control: no-cache",
        ],
      ],
      [
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        [
          ":method: GET",
          ":scheme: https",
          ":path: /index.html",
          ":authority: www.example.com",
          "custom-key: custom-value",
        ],
      ],
    ],
  },
  {
    name: "requests with Huffman coding",
    tableBytes: 4096,
    blocks: [
      [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
      ],
      [
        "828684be5886a8eb10649cbf",
        [
          ":method: GET",
          ":scheme: http",
          ":path: /",
          ":authority: www.example.com",
          "cache-control: no-cache",
        ],
      ],
      [
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        [
          ":method: GET",
          ":scheme: https",
          ":path: /index.html",
          ":authority: www.example.com",
          "custom-key: custom-value",
        ],
      ],
    ],
  },
  {
    name: "responses that evict each other from a table of 256 octets",
    tableBytes: 256,
    blocks: [
      [
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        [
          ":status: 302",
          "cache-control: private",
          "date: Mon, 21 Oct 2013 20:13:21 GMT",
          "location: https://www.example.com",
        ],
      ],
      [
        "4883640effc1c0bf",
        [
          ":status: 307",
          "cache-control: private",
          "date: Mon, 21 Oct 2013 20:13:21 GMT",
          "location: https://www.example.com",
        ],
      ],
      [
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        [
          ":status: 200",
          "cache-control: private",
          "date: Mon, 21 Oct 2013 20:13:22 GMT",
          "location: https://www.example.com",
          "content-encoding: gzip",
          "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
      ],
    ],
  },
];

for (const { name, tableBytes, blocks } of conversations) {
  test(`the RFC's ${name} are read`, () => {
    const decoder = new HpackDecoder(tableBytes, 65_536);
    for (const [hex, fields] of blocks) assert.deepEqual(read(decoder, hex), fields);
  });
}

const faults: readonly (readonly [what: string, hex: string])[] = [
  ["index 0", "80"],
  ["an index beyond both tables", "be"],
  ["an index far beyond", "ffffffff07"],
  ["an integer that never ends", "ff808080808080"],
  ["an integer cut off", "ff"],
  ["a name cut off", "400a6375"],
  ["a value cut off", "40016104"],
  ["no value at all", "400161"],
  ["a length beyond the block", "4001617f808001"],
  ["a name index beyond both tables", "7f80"],
  ["broken Huffman code", "4001618108"],
  ["a table larger than allowed", "3fe21f"],
  ["a table size behind a field", "8220"],
];

for (const [what, hex] of faults) {
  test(`a block with ${what} ends the connection`, () =>
    assert.equal(read(new HpackDecoder(4096, 65_536), hex), "broken"));
}

test("a table size within the limit evicts", () => {
  const decoder = new HpackDecoder(4096, 65_536);
  assert.deepEqual(read(decoder, "40016101 62"), ["a: b"]);
  assert.deepEqual(read(decoder, "be"), ["a: b"]);
  assert.deepEqual(read(decoder, "20"), []);
  assert.equal(read(decoder, "be"), "broken");
});

test("a block that unfolds beyond the limit is too large, and the next is read as if nothing had been", () => {
  const decoder = new HpackDecoder(4096, 1000);
  const long = "x".repeat(900);
  const insert = Buffer.concat([Buffer.from("4001617f8506", "hex"), Buffer.from(long)]).toString("hex");
  assert.deepEqual(read(decoder, insert), [`a: ${long}`]);
  // A hundred octets that stand for ninety thousand.
  assert.equal(read(decoder, "be".repeat(100)), "too-large");
  assert.ok(decoder.fields.length <= 1);
  assert.deepEqual(read(decoder, "be"), [`a: ${long}`]);
});

test("more entries than the ring was made for are all found again", () => {
  const decoder = new HpackDecoder(65_536, 1_000_000);
  for (let i = 0; i < 1000; i++)
    read(decoder, Buffer.from(`@\x01a\x04${String(i).padStart(4, "0")}`, "latin1").toString("hex"));
  assert.deepEqual(read(decoder, "be"), ["a: 0999"]);
  assert.deepEqual(read(decoder, "ff 80 06".replaceAll(" ", "")), [
    `a: ${String(999 - (127 + 6 * 128 - 62)).padStart(4, "0")}`,
  ]);
});

test("what the encoder writes, the decoder reads, in lower case and without connection fields", () => {
  const decoder = new HpackDecoder(4096, 65_536);
  const lines =
    "Content-Type: text/plain\r\nServer:nginx\r\nConnection: close\r\nKeep-Alive: timeout=5\r\nX-Empty:\r\nSet-Cookie: a=b \r\nTransfer-Encoding: chunked\r\n";
  const hex = Buffer.from(
    noTableUpdate + encodeField(":status", "200") + encodeLines(lines),
    "latin1",
  ).toString("hex");
  assert.deepEqual(read(decoder, hex), [
    ":status: 200",
    "content-type: text/plain",
    "server: nginx",
    "x-empty: ",
    "set-cookie: a=b",
  ]);
  assert.equal(hex.includes("1f28"), true, "cookies are never to be indexed");
});

test("any fields survive encoding and decoding, and decoding alone never throws", () => {
  const name = string({ unit: constantFrom(..."abcxyz-0123"), minLength: 1, maxLength: 40 });
  const value = string({
    unit: integer({ min: 33, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  check(
    property(
      array(tuple(name, value), { maxLength: 20 }),
      uint8Array({ maxLength: 200 }),
      (fields, noise) => {
        const decoder = new HpackDecoder(4096, 1_000_000);
        const block = Buffer.from(encodeLines(fields.map(([n, v]) => `${n}: ${v}\r\n`).join("")), "latin1");
        assert.equal(decoder.decode(block, 0, block.length), "read");
        assert.deepEqual(
          decoder.fields.map((field) => [field.name, field.value]),
          fields,
        );
        decoder.decode(Buffer.from(noise), 0, noise.length);
      },
    ),
    { seed: 7 },
  );
});
