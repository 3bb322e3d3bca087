/** Responses that end with the origin's connection (RFC 9112 §6.3 rule 8). */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";

const behaviour = {
  respond(_request: unknown, connection: { end(text: string): void }): void {
    connection.end("HTTP/1.1 200 OK\r\n\r\nall of it");
  },
};

testOverTransports(
  "A response that ends with its connection becomes chunked, and the client's connection goes on",
  async (transport) => {
    await using rig = await startRig({ transport, behaviours: [behaviour] });
    const client = await rig.connect();
    for (let i = 0; i < 2; i++) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const response = await client.readResponse();
      assert.equal(response.head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      assert.equal(response.body, "all of it");
    }
    assert.equal(rig.origin.connections.length, 2);
  },
);

testOverTransports("For an HTTP/1.0 client it ends with the client's connection", async (transport) => {
  await using rig = await startRig({ transport, behaviours: [behaviour] });
  const client = await rig.connect();
  client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  assert.equal((await client.readResponse()).raw, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
  assert.equal(client.ending, "fin");
});

testOverTransports("A large one arrives whole, whatever its framing", async (transport) => {
  const body = Array.from({ length: 3000 }, (_, i) => String(i).padStart(1000, ".")).join("");
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: (_, connection) => connection.end(`HTTP/1.1 200 OK\r\n\r\n${body}`) }],
  });
  const modern = await rig.connect();
  modern.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await modern.readResponse()).body, body);
  const old = await rig.connect();
  old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  assert.equal((await old.readResponse()).body, body);
});

testOverTransports("An empty one is complete", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: (_, connection) => connection.end("HTTP/1.1 200 OK\r\n\r\n") }],
  });
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await client.readResponse()).body, "");
});

testOverTransports("Its client may leave in the middle", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\n\r\nmore to come" }],
  });
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.readUntil("more to come");
  client.destroy();
  assert.ok((await rig.origin.awaitDeparture()) !== null);
});
