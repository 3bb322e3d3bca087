/**
 * chunk-size is hexadecimal digits and nothing else, lines end with CRLF (RFC 9112 §7.1). A body that
 * breaks the rule is refused, and the origin never sees it as complete.
 */
import assert from "node:assert/strict";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { wireCases } from "../support/wire-cases.ts";

const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

const broken: readonly (readonly [name: string, body: string])[] = [
  ["no digits", "\r\nabc\r\n0\r\n\r\n"],
  ["letters beyond f", "g\r\nabc\r\n0\r\n\r\n"],
  ["a 0x prefix", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["a sign", "+3\r\nabc\r\n0\r\n\r\n"],
  ["a minus", "-3\r\nabc\r\n0\r\n\r\n"],
  ["a blank before", " 3\r\nabc\r\n0\r\n\r\n"],
  ["an underscore inside", "0_3\r\nabc\r\n0\r\n\r\n"],
  ["a second number", "3 3\r\nabc\r\n0\r\n\r\n"],
  ["2^64 + 3, which wraps round to 3", "10000000000000003\r\nabc\r\n0\r\n\r\n"],
  ["more digits than a length has", "00000000000000000003\r\nabc\r\n0\r\n\r\n"],
  ["a bare LF after the size", "3\nabc\r\n0\r\n\r\n"],
  ["a bare CR after the size", "3\rabc\r\n0\r\n\r\n"],
  ["a bare LF after the data", "3\r\nabc\n0\r\n\r\n"],
  ["data longer than its size", "3\r\nabcd\r\n0\r\n\r\n"],
  ["data shorter than its size", "5\r\nabc\r\n0\r\n\r\n"],
  ["a bare LF after the last chunk", "3\r\nabc\r\n0\n\r\n"],
  ["a bare LF for the end", "3\r\nabc\r\n0\r\n\n\r\n\r\n"],
  ["CR and another character after the last chunk", "3\r\nabc\r\n0\rX\r\n"],
];

for (const [name, body] of broken) {
  testOverTransports(`A broken chunk size is refused: ${name}`, async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    await client.sendPieces([head, body]);
    const response = await client.readResponse();
    assert.equal(response.status, 400);
    assert.equal(response.header("headgate-cause"), "bad-chunk");
    assert.equal(await client.ended(), "fin");
    assert.equal(client.unread, "");
    // The origin saw a beginning, but never an end, and its connection is gone.
    await rig.origin.awaitDeparture();
    assert.deepEqual(rig.origin.seen, []);
    assert.equal((await rig.proxy.record()).cause, "bad-chunk");
  });
}

wireCases("A valid chunk size", [
  {
    name: "in capitals and small letters, with leading zeros",
    send: `${head}000A\r\n0123456789\r\nb\r\n0123456789a\r\n00\r\n\r\n`,
    origin: [
      forwarded(
        "POST / HTTP/1.1",
        "a",
        [],
        ["Transfer-Encoding: chunked"],
        "a\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n",
      ),
    ],
    client: [200],
    stays: true,
  },
  {
    name: "byte by byte",
    send: `${head}3\r\nabc\r\n0\r\n\r\n`.split(""),
    origin: [
      forwarded(
        "POST / HTTP/1.1",
        "a",
        [],
        ["Transfer-Encoding: chunked"],
        "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
      ),
    ],
    client: [200],
    stays: true,
  },
  {
    name: "no chunks at all",
    send: `${head}0\r\n\r\n`,
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Transfer-Encoding: chunked"], "0\r\n\r\n")],
    client: [200],
    stays: true,
  },
  {
    name: "data that looks like the end of the body",
    send: `${head}9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n`,
    origin: [
      forwarded(
        "POST / HTTP/1.1",
        "a",
        [],
        ["Transfer-Encoding: chunked"],
        "9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n",
      ),
    ],
    client: [200],
    stays: true,
  },
]);
