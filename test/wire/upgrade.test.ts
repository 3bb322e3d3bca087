/**
 * Upgrade (RFC 9110 §7.8): offered only with the connection option; only 101 opens a tunnel; bytes on
 * the heels of either head belong to it; each direction ends by itself.
 */
import assert from "node:assert/strict";
import type { RawClient } from "../support/raw-client.ts";
import type { OriginConnection } from "../support/raw-origin.ts";
import { type Rig, type RigOptions, startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { wireCases } from "../support/wire-cases.ts";

const offer = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: chat/1\r\n\r\n";
const accepted = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\nX: y\r\n\r\n";

const switching = {
  respond: ({ head }: { head: string }): string | undefined =>
    head.startsWith("GET /chat") ? accepted : undefined,
};

async function openTunnel(rig: Rig): Promise<{ client: RawClient; origin: OriginConnection }> {
  const client = await rig.connect();
  client.send(offer);
  const response = await client.readResponse();
  assert.equal(response.status, 101);
  const origin = await rig.origin.awaitConnection();
  return { client, origin };
}

function rigWith(options: RigOptions): Promise<Rig> {
  return startRig({ behaviours: [switching], ...options });
}

testOverTransports("An upgrade is offered and taken, and bytes flow both ways", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client, origin } = await openTunnel(rig);
  assert.deepEqual(rig.origin.seen, [
    "GET /chat HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n",
  ]);
  assert.equal(
    client.received,
    "HTTP/1.1 101 Switching Protocols\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n",
  );
  client.send("ping\0\r\n\r\n");
  await rig.origin.awaitReceived("ping\0\r\n\r\n");
  origin.write("pong");
  await client.readUntil("pong");
});

testOverTransports(
  "What the client sends on the heels of its offer reaches the origin",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [
        {
          isReadingRequests: false,
          onBytes: (connection) =>
            void (connection.received.includes("\r\n\r\n") && connection.write(accepted)),
        },
      ],
    });
    const client = await rig.connect();
    client.send(`${offer}early`);
    await client.readUntil("\r\n\r\n");
    await rig.origin.awaitReceived("\r\n\r\nearly");
  },
);

testOverTransports("What the origin sends on the heels of its 101 reaches the client", async (transport) => {
  await using rig = await startRig({ transport, behaviours: [{ respond: () => `${accepted}early` }] });
  const client = await rig.connect();
  client.send(offer);
  await client.readUntil("\r\n\r\nearly");
});

testOverTransports("A client that half-closes a tunnel still hears the origin out", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client, origin } = await openTunnel(rig);
  client.send("last words");
  client.end();
  assert.equal(await rig.origin.awaitDeparture(), "fin");
  assert.ok(origin.received.endsWith("last words"));
  origin.end("the answer to them");
  assert.equal(await client.ended(), "fin");
  assert.ok(client.received.endsWith("the answer to them"));
  assert.equal((await rig.proxy.record()).cause, null);
});

testOverTransports("An origin that half-closes a tunnel still hears the client out", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client, origin } = await openTunnel(rig);
  origin.end("last words");
  assert.equal(await client.ended(), "fin");
  assert.ok(client.received.endsWith("last words"));
  client.send("the answer to them");
  client.end();
  assert.equal(await rig.origin.awaitDeparture(), "fin");
  assert.ok(origin.received.endsWith("the answer to them"));
  assert.equal((await rig.proxy.record()).cause, null);
});

testOverTransports("The last bytes of a tunnel arrive even when they must wait", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client, origin } = await openTunnel(rig);
  const size = 12_000_000;
  origin.end();
  await client.ended();
  origin.socket.pause();
  client.send("x".repeat(size));
  client.end();
  for (let last = -1; last !== client.socket.writableLength; last = client.socket.writableLength)
    await turns(100);
  let received = 0;
  origin.socket.removeAllListeners("data");
  origin.socket.on("data", (bytes: Buffer) => void (received += bytes.length));
  origin.socket.resume();
  assert.equal(await rig.origin.awaitDeparture(), "fin");
  assert.equal(received, size);
});

testOverTransports("A client that resets a tunnel ends the origin's side, too", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client } = await openTunnel(rig);
  client.reset();
  assert.ok((await rig.origin.awaitDeparture()) !== null);
  assert.equal((await rig.proxy.record()).cause, "client-gone");
});

testOverTransports("An origin that resets a tunnel ends the client's side, too", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client, origin } = await openTunnel(rig);
  origin.reset();
  assert.equal(await client.ended(), "reset");
  assert.equal((await rig.proxy.record()).cause, "reset-mid-body");
});

testOverTransports(
  "A tunnel that is silent in both directions ends after timeouts.tunnelIdle",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await rigWith({
      transport,
      clock,
      listener: { timeouts: { tunnelIdle: "10s", exchange: "5s" } },
    });
    const { client, origin } = await openTunnel(rig);
    for (const speaker of ["client", "origin", "client", "origin"]) {
      clock.advance(9000);
      if (speaker === "client") {
        client.send(".");
        const { length } = origin.received;
        await rig.origin.changed.until("a byte at the origin", () => origin.received.length > length);
      } else {
        origin.write(".");
        const { length } = client.received;
        await client.changed.until("a byte at the client", () => client.received.length > length);
      }
    }
    assert.equal(client.ending, null);
    clock.advance(10_500);
    await client.ended();
    assert.ok((await rig.origin.awaitDeparture()) !== null);
    assert.equal((await rig.proxy.record()).cause, "tunnel-idle");
  },
);

testOverTransports(
  "A route's own timeouts.tunnelIdle ends its tunnels, whatever the listener's is",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await rigWith({
      transport,
      clock,
      listener: { timeouts: { tunnelIdle: "1h" } },
      config: { routes: [{ pool: "app", timeouts: { tunnelIdle: "10s" } }] },
    });
    const { client } = await openTunnel(rig);
    clock.advance(9999);
    await turns(4);
    assert.equal(client.ending, null);
    clock.advance(501);
    await client.ended();
    assert.equal((await rig.proxy.record()).cause, "tunnel-idle");
  },
);

testOverTransports(
  "A refused upgrade is an ordinary response, and both connections go on",
  async (transport) => {
    const respond = (): string =>
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: other/2\r\nContent-Length: 2\r\n\r\nno";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    for (let i = 0; i < 2; i++) {
      client.send(offer);
      assert.equal(
        (await client.readResponse()).raw,
        "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno",
      );
    }
    assert.equal(rig.origin.connections.length, 1);
  },
);

testOverTransports("Informational responses may precede 101", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: () => `HTTP/1.1 103 Early Hints\r\n\r\n${accepted}` }],
  });
  const client = await rig.connect();
  client.send(offer);
  assert.equal((await client.readResponse()).status, 103);
  assert.equal((await client.readResponse()).status, 101);
});

testOverTransports("A tunnel obeys back-pressure", async (transport) => {
  await using rig = await rigWith({ transport });
  const { client, origin } = await openTunnel(rig);
  client.socket.pause();
  const piece = "t".repeat(1_000_000);
  for (let i = 0; i < 30; i++) origin.write(piece);
  const [stream] = rig.proxy.streams.accepted;
  assert.ok(stream !== undefined);
  let largest = 0;
  for (let last = -1; last !== origin.socket.writableLength;) {
    last = origin.socket.writableLength;
    for (let i = 0; i < 100; i++) {
      await turns(1);
      largest = Math.max(largest, stream.writeBacklog);
    }
  }
  assert.ok(origin.socket.writableLength > 5_000_000, "the origin could not get rid of its bytes");
  assert.ok(largest <= 256 * 1024, `${largest} bytes waited in memory`);
});

wireCases("An upgrade is not offered", [
  {
    name: "without the connection option",
    send: "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "without a protocol",
    send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "to HTTP/2, which would smuggle requests past",
    send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "to HTTP/2 among others",
    send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, H2C\r\n\r\n",
    origin: ["GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\n\r\n"],
    client: [200],
    stays: true,
  },
  {
    name: "with a body",
    send: "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat/1\r\nContent-Length: 3\r\n\r\nabc",
    origin: ["POST / HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\nContent-Length: 3\r\n\r\nabc"],
    client: [200],
    stays: true,
  },
]);
