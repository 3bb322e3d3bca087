/**
 * An origin that dies inside its response (RFC 9112 §8): the client must be able to tell. A body with a
 * length or chunks stays visibly short; one that runs until close ends with a reset.
 */
import assert from "node:assert/strict";
import type { OriginConnection } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";

const deaths: readonly (readonly [name: string, die: (connection: OriginConnection) => void])[] = [
  ["closes", (connection) => connection.destroy()],
  ["half-closes", (connection) => connection.end()],
  ["resets", (connection) => connection.reset()],
];

for (const [name, die] of deaths) {
  testOverTransports(
    `An origin that ${name} inside a body with a length breaks the client's connection`,
    async (transport) => {
      const respond = (): string => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it";
      await using rig = await startRig({ transport, behaviours: [{ respond }] });
      const client = await rig.connect();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.readUntil("half of it");
      die(await rig.origin.awaitConnection());
      assert.equal(await client.ended(), "reset");
      assert.ok(client.received.endsWith("half of it"));
      const record = await rig.proxy.record();
      assert.equal(record.cause, "reset-mid-body");
      assert.equal(record.status, 200);
    },
  );

  testOverTransports(
    `An origin that ${name} inside a chunked body breaks the client's connection`,
    async (transport) => {
      const respond = (): string => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
      await using rig = await startRig({ transport, behaviours: [{ respond }] });
      const client = await rig.connect();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.readUntil("hello");
      die(await rig.origin.awaitConnection());
      assert.equal(await client.ended(), "reset");
      assert.ok(!client.received.includes("0\r\n\r\n"), "no last chunk was made up");
    },
  );

  testOverTransports(
    `An origin that ${name} inside a chunked body breaks an HTTP/1.0 client's connection`,
    async (transport) => {
      const respond = (): string => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
      await using rig = await startRig({ transport, behaviours: [{ respond }] });
      const client = await rig.connect();
      client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
      await client.readUntil("hello");
      die(await rig.origin.awaitConnection());
      // Nothing but a reset tells a 1.0 client that there should have been more.
      assert.equal(await client.ended(), "reset");
    },
  );
}

testOverTransports(
  "An origin that resets inside a body without a length breaks the client's connection",
  async (transport) => {
    const respond = (): string => "HTTP/1.1 200 OK\r\n\r\nsome of it";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.readUntil("some of it");
    (await rig.origin.awaitConnection()).reset();
    assert.equal(await client.ended(), "reset");
    assert.ok(!client.received.includes("0\r\n\r\n"), "no last chunk was made up");
  },
);

testOverTransports("An origin that breaks its chunks breaks the client's connection", async (transport) => {
  const respond = (): string =>
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n";
  await using rig = await startRig({ transport, behaviours: [{ respond }] });
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal(await client.ended(), "reset");
  assert.equal((await rig.proxy.record()).cause, "bad-response-body");
  assert.ok((await rig.origin.awaitDeparture()) !== null);
});
