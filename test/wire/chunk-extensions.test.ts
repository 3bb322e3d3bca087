/**
 * Chunk extensions (RFC 9112 §7.1.1) are read over and never passed on; their total is bounded, and a
 * line end hidden in one breaks the body.
 */
import assert from "node:assert/strict";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { wireCases } from "../support/wire-cases.ts";

const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const passed = forwarded("POST / HTTP/1.1", "a", [], ["Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n");

wireCases("A chunk extension is left out", [
  {
    name: "with a value",
    send: `${head}3;name=value\r\nabc\r\n0\r\n\r\n`,
    origin: [passed],
    client: [200],
    stays: true,
  },
  {
    name: "with a quoted value",
    send: `${head}3;n="a;b c"\r\nabc\r\n0;x\r\n\r\n`,
    origin: [passed],
    client: [200],
    stays: true,
  },
  {
    name: "after blanks",
    send: `${head}3 \t;n\r\nabc\r\n0\r\n\r\n`,
    origin: [passed],
    client: [200],
    stays: true,
  },
  { name: "empty", send: `${head}3;\r\nabc\r\n0;\r\n\r\n`, origin: [passed], client: [200], stays: true },
]);

const broken: readonly (readonly [name: string, body: string])[] = [
  ["a bare LF", "3;a\nabc\r\n0\r\n\r\n"],
  ["a bare CR", "3;a\rb\r\nabc\r\n0\r\n\r\n"],
  ["NUL", "3;a\0b\r\nabc\r\n0\r\n\r\n"],
  ["no semicolon", "3 name=value\r\nabc\r\n0\r\n\r\n"],
  ["more bytes than anybody needs, in one", `3;${"x".repeat(20_000)}\r\nabc\r\n0\r\n\r\n`],
  [
    "more bytes than anybody needs, over many chunks",
    `${`1;${"x".repeat(200)}\r\na\r\n`.repeat(100)}0\r\n\r\n`,
  ],
];

for (const [name, body] of broken) {
  testOverTransports(`A chunk extension is refused: ${name}`, async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    await client.sendPieces([head, body]);
    const response = await client.readResponse();
    assert.equal(response.status, 400);
    assert.equal(response.header("headgate-cause"), "bad-chunk");
    await rig.origin.awaitDeparture();
    assert.deepEqual(rig.origin.seen, []);
  });
}
