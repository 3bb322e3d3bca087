/** HTTP/1.0 on either side: no chunks for old clients, no reuse of connections nobody promised to keep. */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";
import { wireCases } from "../support/wire-cases.ts";

wireCases("An HTTP/1.0 client", [
  {
    name: "gets its answer and the connection closes",
    send: "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 gate\r\n\r\n"],
    client: [200],
    stays: false,
  },
  {
    name: "that asks for keep-alive gets it",
    send: "GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 gate\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "cannot upgrade",
    send: "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 gate\r\n\r\n"],
    client: [200],
    stays: false,
  },
  {
    name: "with close and keep-alive closes",
    send: "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 gate\r\n\r\n"],
    client: [200],
    stays: false,
  },
]);

testOverTransports(
  "An HTTP/1.0 client gets a chunked response without its chunks, ended by the close",
  async (transport) => {
    const respond = (): string =>
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    const response = await client.readResponse();
    assert.equal(response.raw, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde");
    assert.equal(client.ending, "fin");
  },
);

testOverTransports("The answer to a kept HTTP/1.0 connection says that it is kept", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n");
  assert.equal((await client.readResponse()).header("connection"), "keep-alive");
});

testOverTransports("An HTTP/1.0 origin's connection is not used again", async (transport) => {
  const respond = (): string => "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
  await using rig = await startRig({ transport, behaviours: [{ respond }] });
  const client = await rig.connect();
  for (let i = 0; i < 2; i++) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal((await client.readResponse()).raw, okAnswer);
  }
  assert.equal(rig.origin.connections.length, 2);
});

testOverTransports("An HTTP/1.0 origin that says keep-alive is taken at its word", async (transport) => {
  const respond = (): string => "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
  await using rig = await startRig({ transport, behaviours: [{ respond }] });
  const client = await rig.connect();
  for (let i = 0; i < 2; i++) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal((await client.readResponse()).raw, okAnswer);
  }
  assert.equal(rig.origin.connections.length, 1);
});
