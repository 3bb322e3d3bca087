/**
 * A final response while the request body still flows (RFC 9112 §9.3): it is relayed at once, the
 * client's connection closes behind it, and neither connection is ever used again out of step.
 */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";

const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";

testOverTransports("An early response reaches a client that is still sending", async (transport) => {
  let hasAnswered = false;
  await using rig = await startRig({
    transport,
    behaviours: [
      {
        onBytes(connection) {
          if (hasAnswered || !connection.received.includes("\r\n\r\nabc")) return;
          hasAnswered = true;
          connection.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nstop");
        },
      },
    ],
  });
  const client = await rig.connect();
  client.send(`${head}abc`);
  const response = await client.readResponse();
  assert.equal(response.status, 401);
  assert.equal(response.body, "stop");
  assert.equal(response.header("connection"), "close");
  assert.equal(await client.ended(), "fin");
  // The origin's connection had an unfinished request on it, so it is gone, too.
  assert.equal(await rig.origin.awaitDeparture(), "fin");
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const other = await rig.connect();
  rig.origin.respond = () => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await other.readResponse()).status, 200);
  assert.equal(rig.origin.connections.length, 2);
});

testOverTransports(
  "A response that streams while the request streams is a conversation",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [
        {
          isReadingRequests: false,
          onBytes(connection) {
            if (connection.received.endsWith("\r\n\r\n"))
              connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            if (connection.received.endsWith("ping")) connection.write("4\r\npong\r\n");
            if (connection.received.endsWith("last")) connection.write("0\r\n\r\n");
          },
        },
      ],
    });
    const client = await rig.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
    await client.readUntil("\r\n\r\n");
    client.send("ping");
    await client.readUntil("4\r\npong\r\n");
    client.send("ping");
    await client.readUntil("4\r\npong\r\n4\r\npong\r\n");
    client.send("last");
    const response = await client.readResponse();
    assert.equal(response.body, "pongpong");
    assert.equal(await client.ended(), "fin");
  },
);

testOverTransports("An origin that answers and closes while the body flows is heard", async (transport) => {
  let hasAnswered = false;
  await using rig = await startRig({
    transport,
    behaviours: [
      {
        onBytes(connection) {
          if (hasAnswered) return;
          hasAnswered = true;
          connection.end("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        },
      },
    ],
  });
  const client = await rig.connect();
  client.send(`${head}${"x".repeat(1000)}`);
  assert.equal((await client.readResponse()).status, 413);
  assert.equal(await client.ended(), "fin");
});
