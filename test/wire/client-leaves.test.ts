/** A client that leaves: its exchange is cancelled upstream at once, and recorded as 499. */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";
import { Signal, turns } from "../support/signal.ts";
import type { RawClient } from "../support/raw-client.ts";

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const ways: readonly (readonly [name: string, leave: (client: RawClient) => void])[] = [
  ["closes", (client) => client.destroy()],
  ["resets", (client) => client.reset()],
  ["half-closes", (client) => client.end()],
];

for (const [name, leave] of ways) {
  testOverTransports(`A client that ${name} before the response cancels upstream`, async (transport) => {
    await using rig = await startRig({ transport, behaviours: [{ respond: () => undefined }] });
    const client = await rig.connect();
    client.send(request);
    await rig.origin.awaitRequest();
    leave(client);
    assert.equal(await rig.origin.awaitDeparture(), "fin");
    const record = await rig.proxy.record();
    assert.equal(record.status, 499);
    assert.equal(record.cause, "client-gone");
  });

  testOverTransports(`A client that ${name} inside its response cancels upstream`, async (transport) => {
    const respond = (): string => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.send(request);
    await client.readUntil("beginning");
    leave(client);
    assert.ok((await rig.origin.awaitDeparture()) !== null);
    const record = await rig.proxy.record();
    assert.equal(record.status, 200);
    assert.equal(record.cause, "client-gone");
  });

  testOverTransports(`A client that ${name} inside its request body cancels upstream`, async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbeginning");
    await rig.origin.awaitReceived("beginning");
    leave(client);
    await rig.origin.awaitDeparture();
    assert.deepEqual(rig.origin.seen, []);
    assert.equal((await rig.proxy.record()).status, 499);
  });

  testOverTransports(`A client that ${name} inside its request head leaves no trace`, async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    await client.sendPieces(["GET / HTTP/1.1\r\nHo"]);
    leave(client);
    await rig.proxy.quiet();
    assert.equal(rig.proxy.listener.connections, 0);
    assert.deepEqual(rig.proxy.records, []);
    assert.equal(rig.origin.connections.length, 0);
  });
}

testOverTransports(
  "A client that leaves while an endpoint is being connected to frees everything",
  async (transport) => {
    const dials = new Signal();
    let underWay = 0;
    const dialer = {
      dial(): () => void {
        underWay++;
        dials.notify();
        return () => void underWay--;
      },
    };
    await using rig = await startRig({ transport: { ...transport, dialer } });
    const client = await rig.connect();
    client.send(request);
    await dials.until("a dial", () => underWay === 1);
    client.destroy();
    assert.equal((await rig.proxy.record()).status, 499);
    assert.equal(underWay, 0);
    assert.equal(rig.proxy.endpoints[0]?.state.activeRequests, 0);
    assert.equal(rig.proxy.endpoints[0]?.state.connections, 0);
  },
);

testOverTransports("A client that leaves after an upload that had to wait is noticed", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: () => undefined, onConnection: ({ socket }) => void socket.pause() }],
  });
  const client = await rig.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const origin = await rig.origin.awaitConnection();
  while (rig.proxy.streams.dialled.length === 0) await turns(1);
  const [stream] = rig.proxy.streams.dialled;
  assert.ok(stream !== undefined);
  // The kernel is filled until the last piece is the one that makes Headgate stop reading.
  const highWaterBytes = 64 * 1024;
  const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`;
  while (stream.writeBacklog < highWaterBytes - 25_000) {
    client.send(chunk(10_000));
    await turns(4);
  }
  client.send(`${chunk(highWaterBytes - stream.writeBacklog + 1000)}0\r\n\r\n`);
  await turns(10);
  origin.socket.resume();
  await rig.origin.awaitRequest();
  client.destroy();
  assert.ok((await rig.origin.awaitDeparture()) !== null);
  assert.equal((await rig.proxy.record()).status, 499);
});
