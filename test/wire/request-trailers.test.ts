/**
 * Trailers of requests (RFC 9110 §6.5.1, RFC 9112 §7.1.2): passed on behind the last chunk, never
 * merged into the head, without the fields that frame, route or authenticate; bounded.
 */
import assert from "node:assert/strict";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { type WireCase, wireCases } from "../support/wire-cases.ts";

const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

function passed(name: string, trailers: string, seen: string): WireCase {
  const body = `3\r\nabc\r\n0\r\n${seen}\r\n`;
  return {
    name,
    send: `${head}3\r\nabc\r\n0\r\n${trailers}\r\n`,
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Transfer-Encoding: chunked"], body)],
    client: [200],
    stays: true,
  };
}

wireCases("A request's trailers", [
  passed("are passed on", "X-Sum: 1\r\nX-Other: 2\r\n", "X-Sum: 1\r\nX-Other: 2\r\n"),
  passed("may not bring a length", "Content-Length: 99\r\nX: y\r\n", "X: y\r\n"),
  passed("may not bring a coding", "transfer-encoding: chunked\r\n", ""),
  passed("may not bring a host", "Host: other\r\n", ""),
  passed("may not bring credentials", "Authorization: x\r\nCookie: y\r\n", ""),
  passed(
    "may not bring a client's address",
    "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n",
    "",
  ),
  passed(
    "may not bring connection options",
    "Connection: close\r\nKeep-Alive: x\r\nUpgrade: x\r\nTE: x\r\n",
    "",
  ),
]);

const broken: readonly (readonly [name: string, trailers: string])[] = [
  ["a blank before the colon", "X : y\r\n"],
  ["a folded line", "X: y\r\n z\r\n"],
  ["a bare LF", "X: y\nZ: z\r\n"],
  ["a line without a colon", "nonsense\r\n"],
  ["NUL", "X: \0\r\n"],
  ["more bytes than the limit", `X: ${"y".repeat(9000)}\r\n`],
  ["more lines than the limit", "X: y\r\n".repeat(200)],
];

for (const [name, trailers] of broken) {
  testOverTransports(`A request's trailers are refused: ${name}`, async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    await client.sendPieces([head, `3\r\nabc\r\n0\r\n${trailers}\r\n`]);
    const response = await client.readResponse();
    assert.equal(response.status, 400);
    assert.equal(response.header("headgate-cause"), "bad-chunk");
    await rig.origin.awaitDeparture();
    assert.deepEqual(rig.origin.seen, []);
  });
}
