/**
 * Pooled connections that the origin closed meanwhile: a request that may be repeated is, on a fresh
 * connection and at no cost; one that may not is answered honestly.
 */
import assert from "node:assert/strict";
import { okAnswer, type OriginConnection, type Responder } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Every further request on a connection is met by its end: exactly what an idle close looks like. */
function onlyTheFirst(end: (connection: OriginConnection) => void): Responder {
  return (_request, connection) => (connection.requests.length === 1 ? okAnswer : end(connection));
}

const ends: readonly (readonly [name: string, end: (connection: OriginConnection) => void])[] = [
  ["closes", (connection) => connection.destroy()],
  ["resets", (connection) => connection.reset()],
];

for (const [name, end] of ends) {
  testOverTransports(
    `A GET is sent again when the origin ${name} the pooled connection it was sent on`,
    async (transport) => {
      await using rig = await startRig({
        transport,
        behaviours: [{ respond: onlyTheFirst(end) }],
        pool: { retry: { attempts: 1 } },
      });
      const client = await rig.connect();
      for (let i = 0; i < 3; i++) {
        client.send(get);
        assert.equal((await client.readResponse()).raw, okAnswer);
      }
      assert.equal(rig.origin.connections.length, 3);
      const record = await rig.proxy.record(3);
      assert.equal(record.status, 200);
      assert.deepEqual(record.failedAttempts, [], "a stale connection is nobody's failure");
    },
  );

  testOverTransports(
    `A POST is not sent again when the origin ${name} the pooled connection it was sent on`,
    async (transport) => {
      await using rig = await startRig({
        transport,
        behaviours: [{ respond: onlyTheFirst(end) }],
      });
      const client = await rig.connect();
      client.send(get);
      await client.readResponse();
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
      const response = await client.readResponse();
      assert.equal(response.status, 502);
      assert.equal(response.header("headgate-cause"), "stale-connection");
      assert.equal(rig.origin.requests.filter(({ head }) => head.startsWith("POST")).length, 1);
    },
  );
}

testOverTransports("A PUT's body is sent again in full", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: onlyTheFirst((connection) => connection.destroy()) }],
  });
  const client = await rig.connect();
  client.send(get);
  await client.readResponse();
  const body = "x".repeat(40_000);
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assert.equal((await client.readResponse()).status, 200);
  assert.deepEqual(
    rig.origin.requests.map((request) => request.body.length),
    [0, 40_000, 40_000],
  );
  assert.equal(rig.origin.requests[2]?.body, body);
});

testOverTransports(
  "A pooled connection that the origin closed while idle is not used at all",
  async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    client.send(get);
    await client.readResponse();
    const [connection] = rig.origin.connections;
    connection?.end();
    assert.ok((await rig.origin.awaitDeparture()) !== null);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assert.equal((await client.readResponse()).status, 200);
    assert.equal(rig.origin.connections.length, 2);
  },
);

testOverTransports(
  "An origin that dies after the first byte of its answer is not taken for stale",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: onlyTheFirst((connection) => connection.end("HTTP/1.1 2")) }],
      pool: { retry: { attempts: 1 } },
    });
    const client = await rig.connect();
    client.send(get);
    await client.readResponse();
    client.send(get);
    const response = await client.readResponse();
    assert.equal(response.status, 502);
    assert.equal(response.header("headgate-cause"), "reset-before-head");
  },
);
