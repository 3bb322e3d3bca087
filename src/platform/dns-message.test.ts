import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, randomBelow } from "../core/random.ts";
import { readReply, writeQuestion } from "./dns-message.ts";

const name = "app.example";

/** A name in bytes, without compression. */
function nameBytes(text: string): number[] {
  const labels = text === "" ? [] : text.split(".");
  return [...labels.flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}

function record(owner: readonly number[], type: number, ttl: number, data: readonly number[]): number[] {
  return [...owner, 0, type, 0, 1, 0, 0, ttl >> 8, ttl & 255, data.length >> 8, data.length & 255, ...data];
}

interface Parts {
  readonly id?: number;
  readonly flags?: number;
  readonly question?: string;
  readonly type?: number;
  readonly answers?: readonly (readonly number[])[];
  readonly authority?: readonly (readonly number[])[];
}

function message(parts: Parts): Buffer {
  const { id = 7, flags = 0x8180, question = name, type = 1, answers = [], authority = [] } = parts;
  const head = [id, flags, 1, answers.length, authority.length, 0].flatMap((word) => [word >> 8, word & 255]);
  return Buffer.from([
    ...head,
    ...nameBytes(question),
    ...[0, type, 0, 1],
    ...answers.flat(),
    ...authority.flat(),
  ]);
}

/** The question's name, as a pointer. */
const pointer = [0xc0, 12];

test("a question has a random number, wants recursion, and says how large an answer may be", () => {
  const bytes = writeQuestion(0xabcd, "App.Example.", "SRV");
  assert.equal(bytes.readUInt16BE(0), 0xabcd);
  assert.equal(bytes.readUInt16BE(2), 0x0100);
  assert.equal(bytes.subarray(12, 25).toString("latin1"), "\x03App\x07Example\0");
  assert.equal(bytes.readUInt16BE(25), 33);
  assert.equal(bytes.readUInt16BE(bytes.length - 8), 1232);
});

test("addresses come with the least TTL of all on the way to them, aliases included", () => {
  const reply = readReply(
    message({
      answers: [
        record(pointer, 5, 20, nameBytes("www.example")),
        record(nameBytes("WWW.example"), 1, 90, [10, 0, 0, 1]),
        record(nameBytes("other.example"), 1, 1, [10, 0, 0, 9]),
      ],
    }),
    7,
    name,
    "A",
  );
  assert.deepEqual(
    reply?.records.map((one) => "address" in one && one.address),
    ["10.0.0.1"],
  );
  assert.equal(reply?.ttlSeconds, 20);
});

test("IPv6 addresses are spelt as everywhere else", () => {
  const data = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  const reply = readReply(message({ type: 28, answers: [record(pointer, 28, 5, data)] }), 7, name, "AAAA");
  assert.deepEqual(
    reply?.records.map((one) => "address" in one && one.address),
    ["2001:db8::1"],
  );
});

test("services come with priority, weight, port and target", () => {
  const data = [0, 10, 0, 5, 0x1f, 0x90, ...nameBytes("A.example")];
  const reply = readReply(message({ type: 33, answers: [record(pointer, 33, 5, data)] }), 7, name, "SRV");
  assert.deepEqual(reply?.records, [
    { type: "SRV", name, priority: 10, weight: 5, port: 8080, target: "a.example", ttlSeconds: 5 },
  ]);
});

test("an empty answer may be kept as long as the zone says", () => {
  const numbers = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 30];
  const authority = [
    record(nameBytes("example"), 6, 60, [...nameBytes("ns"), ...nameBytes("me"), ...numbers]),
  ];
  const reply = readReply(message({ flags: 0x8183, authority }), 7, name, "A");
  assert.deepEqual([reply?.code, reply?.records, reply?.ttlSeconds], [3, [], 30]);
});

const wrong: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["another number", message({ id: 8 })],
  ["a question", message({ flags: 0x0100 })],
  ["another name", message({ question: "evil.example" })],
  ["another type", message({ type: 28 })],
  ["nothing", Buffer.alloc(0)],
  ["a head alone", message({}).subarray(0, 12)],
  ["a name that points at itself", message({ answers: [record([0xc0, 29], 1, 5, [1, 2, 3, 4])] })],
  ["a name that points forwards", message({ answers: [record([0xc0, 60], 1, 5, [1, 2, 3, 4])] })],
  ["a record beyond the end", message({ answers: [record(pointer, 1, 5, [1, 2, 3, 4]).slice(0, -1)] })],
  ["an address of three bytes", message({ answers: [record(pointer, 1, 5, [1, 2, 3])] })],
  ["a target with a line end", message({ answers: [record(pointer, 5, 5, [3, 97, 10, 98, 0])] })],
  ["a target with a dot in a label", message({ answers: [record(pointer, 5, 5, [3, 97, 46, 98, 0])] })],
  ["a label of 64", message({ answers: [record(pointer, 5, 5, [64, ...Buffer.alloc(64, 97), 0])] })],
  [
    "a name of 300",
    message({ answers: [record(pointer, 5, 5, nameBytes("abcdefghi.".repeat(30).slice(0, -1)))] }),
  ],
];
for (const [what, bytes] of wrong) {
  test(`${what} is no answer`, () => assert.equal(readReply(bytes, 7, name, "A"), null));
}

test("a chain of aliases that goes in circles ends", () => {
  const answers = [
    record(pointer, 5, 5, nameBytes("b.example")),
    record(nameBytes("b.example"), 5, 5, pointer),
  ];
  assert.deepEqual(readReply(message({ answers }), 7, name, "A")?.records, []);
});

test("no bytes whatever make it throw or read on without end", () => {
  const random = seededRandom(20_261_121);
  const good = message({
    answers: [
      record(pointer, 5, 20, nameBytes("www.example")),
      record(pointer, 33, 5, [0, 1, 0, 1, 0, 80, 0xc0, 12]),
    ],
  });
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(good.subarray(0, 12 + randomBelow(random, good.length - 11)));
    for (let change = randomBelow(random, 4); change > 0; change--)
      bytes[randomBelow(random, bytes.length)] = randomBelow(random, 256);
    readReply(bytes, 7, name, "A");
  }
});
