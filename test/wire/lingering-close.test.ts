/**
 * After a final refusal the client may still be sending. Its bytes are read and thrown away for a while,
 * because closing at once would reset the connection and lose the answer (RFC 9112 §9.6).
 */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

testOverTransports("413 reaches a client that sends its whole body before it reads", async (transport) => {
  await using rig = await startRig({ transport, listener: { limits: { bodyBytes: 1000 } } });
  const client = await rig.connect();
  client.socket.pause();
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n${"x".repeat(500_000)}`);
  await rig.proxy.record();
  client.socket.resume();
  const response = await client.readResponse();
  assert.equal(response.status, 413);
  assert.equal(response.header("headgate-cause"), "body-too-large");
  assert.equal(await client.ended(), "fin");
  assert.equal(rig.origin.received, "");
});

testOverTransports("413 comes as soon as a chunked body is too large", async (transport) => {
  await using rig = await startRig({ transport, listener: { limits: { bodyBytes: 1000 } } });
  const client = await rig.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.sendPieces(Array.from({ length: 6 }, () => `c8\r\n${"x".repeat(200)}\r\n`));
  assert.equal((await client.readResponse()).status, 413);
  assert.equal(await client.ended(), "fin");
  await rig.origin.awaitDeparture();
  assert.deepEqual(rig.origin.seen, []);
});

testOverTransports("A body exactly as large as allowed passes", async (transport) => {
  await using rig = await startRig({ transport, listener: { limits: { bodyBytes: 1000 } } });
  const client = await rig.connect();
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${"x".repeat(1000)}`);
  assert.equal((await client.readResponse()).status, 200);
  client.send(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n${"x".repeat(1000)}\r\n0\r\n\r\n`,
  );
  assert.equal((await client.readResponse()).status, 200);
});

testOverTransports(
  "A client that never stops sending is cut off when its time is over",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ transport, clock });
    const client = await rig.connect();
    client.send("nonsense\r\n\r\n");
    assert.equal((await client.readResponse()).status, 400);
    await client.ended();
    client.send("x".repeat(20_000_000));
    clock.advance(6000);
    await rig.proxy.quiet();
    assert.equal(rig.proxy.listener.connections, 0);
  },
);

testOverTransports("A client that stays silent afterwards is cut off", async (transport) => {
  const clock = new VirtualClock();
  await using rig = await startRig({ transport, clock });
  const client = await rig.connect();
  client.send("nonsense\r\n\r\n");
  assert.equal((await client.readResponse()).status, 400);
  await client.ended();
  clock.advance(60_000);
  await rig.proxy.quiet();
  assert.equal(rig.proxy.listener.connections, 0);
});

testOverTransports(
  "The last response is delivered in full to a client that half-closes meanwhile",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\n\r\n" }],
    });
    const client = await rig.connect();
    client.socket.pause();
    client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    await rig.origin.awaitRequest();
    const [connection] = rig.origin.connections;
    const [stream] = rig.proxy.streams.accepted;
    assert.ok(connection !== undefined && stream !== undefined);
    // As much as the kernel takes on behalf of a client that does not read, and a little more.
    const piece = "x".repeat(20_000);
    let size = 0;
    for (; stream.writeBacklog === 0; size += piece.length) {
      connection.write(piece);
      await turns(4);
    }
    connection.end();
    await rig.proxy.record();
    assert.ok(stream.writeBacklog > 0, "part of the response still waits to be sent");
    client.end();
    await turns(10);
    client.socket.resume();
    const response = await client.readResponse();
    assert.equal(response.body.length, size);
    assert.equal(client.ending, "fin");
  },
);
