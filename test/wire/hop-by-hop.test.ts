/**
 * Hop-by-hop fields (RFC 9110 §7.6.1): everything Connection names and the usual suspects end here, in
 * both directions, but a client cannot make the proxy forget what it depends on.
 */
import assert from "node:assert/strict";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { type WireCase, wireCases } from "../support/wire-cases.ts";

function request(name: string, lines: readonly string[], seen: readonly string[]): WireCase {
  return {
    name,
    send: `GET / HTTP/1.1\r\nHost: a\r\n${lines.join("\r\n")}\r\n\r\n`,
    origin: [forwarded("GET / HTTP/1.1", "a", seen)],
    client: [200],
    stays: true,
  };
}

wireCases(
  "Hop-by-hop fields of a request",
  [
    request(
      "named by Connection are removed",
      ["Connection: X-One, x-TWO", "X-One: 1", "x-two: 2", "X-Three: 3"],
      ["X-Three: 3"],
    ),
    request(
      "named by a second Connection line are removed",
      ["Connection: x-one", "Connection: x-two", "X-One: 1", "X-Two: 2"],
      [],
    ),
    request("named after the field they remove are removed", ["X-One: 1", "Connection: x-one"], []),
    request("repeated are removed every time", ["X-One: 1", "Connection: x-one", "X-One: 2"], []),
    request("between odd commas are removed", ["Connection: ,, x-one ,,", "X-One: 1"], []),
    request(
      "are removed without being named",
      ["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip", "Upgrade: x"],
      [],
    ),
    request("of a proxy's own authentication are removed", ["Proxy-Authorization: Basic eDp5"], []),
    request(
      "of an upgrade to HTTP/2 are removed",
      ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"],
      [],
    ),
    request("TE: trailers is passed on as our own", ["Connection: te", "TE: trailers, deflate"], []),
    request(
      "cannot be used to remove the client's cookie by part of its name",
      ["Connection: cook", "Cookie: a=b"],
      ["Cookie: a=b"],
    ),
  ].map((wireCase) =>
    wireCase.name.startsWith("TE: trailers")
      ? {
          ...wireCase,
          origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\nConnection: TE\r\nTE: trailers\r\n\r\n"],
        }
      : wireCase,
  ),
);

wireCases("Connection cannot remove what the proxy says itself", [
  {
    name: "the body's length",
    send: "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 3\r\n\r\nabc",
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Content-Length: 3"], "abc")],
    client: [200],
    stays: true,
  },
  {
    name: "the body's coding",
    send: "POST / HTTP/1.1\r\nHost: a\r\nConnection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Transfer-Encoding: chunked"], "0\r\n\r\n")],
    client: [200],
    stays: true,
  },
  {
    name: "its name in Via",
    send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: via\r\nVia: 1.1 other\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 other, 1.1 gate\r\n\r\n"],
    client: [200],
    stays: true,
  },
]);

const responses: readonly (readonly [name: string, lines: readonly string[], kept: readonly string[]])[] = [
  ["named by Connection", ["Connection: x-one", "X-One: 1", "X-Two: 2"], ["X-Two: 2"]],
  [
    "not named",
    ["Keep-Alive: timeout=5, max=100", "Proxy-Connection: x", "Upgrade: h2", "TE: x", "X: y"],
    ["X: y"],
  ],
  ["of a proxy's own authentication", ["Proxy-Authenticate: Basic"], []],
  [
    "but no others",
    ["Set-Cookie: a=1", "Set-Cookie: b=2", "Via: 1.1 cache", "Trailer: x", "X:"],
    ["Set-Cookie: a=1", "Set-Cookie: b=2", "Via: 1.1 cache", "Trailer: x", "X:"],
  ],
];

for (const [name, lines, kept] of responses) {
  testOverTransports(`Hop-by-hop fields of a response are removed: ${name}`, async (transport) => {
    const respond = (): string => `HTTP/1.1 200 Fine\r\n${lines.join("\r\n")}\r\nContent-Length: 2\r\n\r\nok`;
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const { raw } = await client.readResponse();
    assert.equal(
      raw,
      `HTTP/1.1 200 Fine\r\n${kept.map((line) => `${line}\r\n`).join("")}Content-Length: 2\r\n\r\nok`,
    );
  });
}
