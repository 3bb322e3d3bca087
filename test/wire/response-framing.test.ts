/**
 * The length of responses (RFC 9112 §6.3): an origin whose framing is ambiguous is answered for with
 * 502 and its connection closed; what is well framed arrives as it is.
 */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const bad: readonly (readonly [name: string, answer: string])[] = [
  [
    "a length with a coding",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["two lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk"],
  ["a list of lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nokk"],
  ["a list of lengths in one line, even if they agree", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok"],
  ["a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"],
  ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"],
  ["a length beyond 2^53", "HTTP/1.1 200 OK\r\nContent-Length: 9007199254740992\r\n\r\nok"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"],
  ["an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok"],
  ["an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok"],
  ["a coding under chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
  [
    "chunked twice",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["a coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  [
    "an upgrade nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
  ],
];

for (const [name, answer] of bad) {
  testOverTransports(`A response with ${name} is a bad response`, async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: () => answer }],
      pool: { retry: { attempts: 1 } },
    });
    const client = await rig.connect();
    client.send(request);
    const response = await client.readResponse();
    assert.equal(response.status, 502);
    assert.equal(response.header("headgate-cause"), "bad-response");
    assert.ok((await rig.origin.awaitDeparture()) !== null);
    // The client's connection goes on, over a fresh one to the origin.
    rig.origin.respond = () => okAnswer;
    client.send(request);
    assert.equal((await client.readResponse()).raw, okAnswer);
    assert.equal(rig.origin.connections.length, 2);
  });
}

const good: readonly (readonly [name: string, answer: string, got: string])[] = [
  [
    "a length",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  ],
  [
    "repeated lengths that agree, collapsed",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  ],
  [
    "chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
  ],
  [
    "trailers",
    "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
  ],
];

for (const [name, answer, got] of good) {
  testOverTransports(
    `A response with ${name} arrives, and the connection is used again`,
    async (transport) => {
      await using rig = await startRig({ transport, behaviours: [{ respond: () => answer }] });
      const client = await rig.connect();
      for (let i = 0; i < 2; i++) {
        client.send(request);
        assert.equal((await client.readResponse()).raw, got);
      }
      assert.equal(client.unread, "");
      assert.equal(rig.origin.connections.length, 1);
    },
  );

  testOverTransports(`A response with ${name} arrives byte by byte`, async (transport) => {
    await using rig = await startRig({ transport, behaviours: [{ respond: () => undefined }] });
    const client = await rig.connect();
    client.send(request);
    await rig.origin.awaitRequest();
    const [connection] = rig.origin.connections;
    for (const byte of answer.split("")) {
      connection?.write(byte);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    const response = await client.readResponse();
    assert.equal(response.body, "ok");
    assert.equal(response.head, got.slice(0, got.indexOf("\r\n\r\n") + 4));
  });
}
