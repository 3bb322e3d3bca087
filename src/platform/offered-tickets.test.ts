import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { keyNameBytes, mayOfferTicketOf } from "./offered-tickets.ts";

const older = Buffer.alloc(keyNameBytes, 0xa1);
const oldest = Buffer.alloc(keyNameBytes, 0xb2);
const newest = Buffer.alloc(keyNameBytes, 0xc3);

function sized(lengthBytes: 1 | 2, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(body.length, 0, lengthBytes);
  return Buffer.concat([length, body]);
}

function extension(kind: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0, kind]), sized(2, body)]);
}

function ticketOf(keyName: Uint8Array): Buffer {
  return Buffer.concat([keyName, Buffer.alloc(150, 7)]);
}

/** TLS 1.3: each identity with its age, then the binders. */
function identities(...keyNames: readonly Uint8Array[]): Buffer {
  const list = keyNames.flatMap((name) => [sized(2, ticketOf(name)), Buffer.alloc(4, 1)]);
  const binders = keyNames.map(() => sized(1, Buffer.alloc(32, 2)));
  return extension(41, Buffer.concat([sized(2, ...list), sized(2, ...binders)]));
}

function hello(...extensions: readonly Buffer[]): Buffer {
  const session = sized(1, Buffer.alloc(32, 3));
  const ciphers = sized(2, Buffer.from([0x13, 0x01, 0x13, 0x02]));
  const listed = extensions.length === 0 ? [] : [sized(2, ...extensions)];
  const body = Buffer.concat([Buffer.alloc(34, 3), session, ciphers, sized(1, Buffer.from([0])), ...listed]);
  const message = Buffer.concat([Buffer.from([1, 0]), sized(2, body)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(2, message)]);
}

const serverName = extension(0, sized(2, Buffer.from([0]), sized(2, Buffer.from("one.test"))));
const older2 = [older, oldest];

const cases: readonly (readonly [name: string, hello: Buffer, mayOffer: boolean])[] = [
  ["no extensions", hello(), false],
  ["no ticket", hello(serverName), false],
  ["an empty ticket: the client would like one", hello(serverName, extension(35, Buffer.alloc(0))), false],
  ["a ticket of the newest key", hello(serverName, extension(35, ticketOf(newest))), false],
  ["a ticket of an older key", hello(serverName, extension(35, ticketOf(older))), true],
  ["a ticket of the oldest key, in front", hello(extension(35, ticketOf(oldest)), serverName), true],
  ["a ticket too short to name a key", hello(extension(35, older.subarray(1))), false],
  ["an identity of the newest key", hello(serverName, identities(newest)), false],
  ["an identity of an older key", hello(serverName, identities(older)), true],
  ["an older one behind the newest", hello(serverName, identities(newest, newest, oldest)), true],
  ["a name of an older key in another extension", hello(extension(16, ticketOf(older))), false],
  ["no handshake", Buffer.from("GET / HTTP/1.1\r\nHost: one.test\r\n\r\n"), true],
  ["nothing", Buffer.alloc(0), true],
  ["something behind the message", Buffer.concat([hello(serverName), Buffer.from("more")]), false],
];

for (const [name, bytes, mayOffer] of cases) {
  test(`Which key sealed the ticket: ${name}`, () => {
    assert.equal(mayOfferTicketOf(bytes, older2), mayOffer);
  });
}

test("When a hello is cut off anywhere, there is doubt", () => {
  const whole = hello(serverName, extension(35, ticketOf(newest)), identities(newest));
  assert.equal(mayOfferTicketOf(whole, older2), false);
  for (let length = 0; length < whole.length; length++)
    assert.equal(mayOfferTicketOf(whole.subarray(0, length), older2), true, `${length} octets`);
});

test("Lengths that lie end in an answer", () => {
  const random = seededRandom(11);
  const whole = hello(serverName, extension(35, ticketOf(newest)), identities(newest, newest));
  for (let round = 0; round < 20_000; round++) {
    const broken = Buffer.from(whole);
    for (let changes = 0; changes < 3; changes++)
      broken[Math.floor(random.next() * broken.length)] = Math.floor(random.next() * 256);
    assert.equal(typeof mayOfferTicketOf(broken, older2), "boolean");
  }
});
