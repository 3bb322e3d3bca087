/** How long connections live, on both sides: reuse, `Connection: close`, limits of requests. */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

testOverTransports("One connection on each side serves many requests", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  for (let i = 0; i < 20; i++) {
    client.send(get);
    assert.equal((await client.readResponse()).raw, okAnswer);
  }
  assert.equal(rig.origin.connections.length, 1);
});

testOverTransports("Clients share the origin's connections one after another", async (transport) => {
  await using rig = await startRig({ transport });
  for (let i = 0; i < 5; i++) {
    const client = await rig.connect();
    client.send(get);
    await client.readResponse();
  }
  assert.equal(rig.origin.connections.length, 1);
});

testOverTransports(
  "A client's `Connection: close` is obeyed and stays its own business",
  async (transport) => {
    await using rig = await startRig({ transport });
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n");
    const response = await client.readResponse();
    assert.equal(response.header("connection"), "close");
    assert.equal(await client.ended(), "fin");
    const other = await rig.connect();
    other.send(get);
    await other.readResponse();
    assert.equal(rig.origin.connections.length, 1);
  },
);

testOverTransports(
  "An origin's `Connection: close` is obeyed and stays its own business",
  async (transport) => {
    const respond = (): string => "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    for (let i = 0; i < 2; i++) {
      client.send(get);
      assert.equal((await client.readResponse()).raw, okAnswer);
    }
    assert.equal(rig.origin.connections.length, 2);
    assert.equal(await rig.origin.awaitDeparture(1), "fin");
  },
);

testOverTransports("A client's connection ends after as many requests as it may carry", async (transport) => {
  await using rig = await startRig({ transport, listener: { keepAliveRequests: 2 } });
  const client = await rig.connect();
  client.send(get + get + get);
  assert.equal((await client.readResponse()).header("connection"), null);
  assert.equal((await client.readResponse()).header("connection"), "close");
  assert.equal(await client.ended(), "fin");
  assert.equal(rig.origin.requests.length, 2);
});

testOverTransports(
  "An origin's connection ends after as many requests as it may carry",
  async (transport) => {
    await using rig = await startRig({ transport, pool: { connections: { requestsMax: 2 } } });
    const client = await rig.connect();
    for (let i = 0; i < 4; i++) {
      client.send(get);
      await client.readResponse();
    }
    assert.equal(rig.origin.connections.length, 2);
    assert.equal(await rig.origin.awaitDeparture(1), "fin");
  },
);

testOverTransports(
  "Idle connections to an origin beyond the limit are closed, the oldest first",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: () => undefined }],
      pool: { connections: { idleMax: 1 } },
    });
    const clients = [await rig.connect(), await rig.connect()];
    for (const [i, client] of clients.entries()) {
      client.send(get);
      await rig.origin.awaitRequest(i + 1);
    }
    for (const [i, client] of clients.entries()) {
      rig.origin.connections[i]?.write(okAnswer);
      await client.readResponse();
    }
    assert.equal(await rig.origin.awaitDeparture(1), "fin");
    rig.origin.respond = () => okAnswer;
    clients[0]?.send(get);
    await clients[0]?.readResponse();
    assert.equal(rig.origin.connections.length, 2);
  },
);

testOverTransports("An origin's connection beyond its lifetime is not used again", async (transport) => {
  const clock = new VirtualClock();
  await using rig = await startRig({
    transport,
    clock,
    pool: { connections: { lifetime: "10s", idleTimeout: "1h", learnIdleTimeout: false } },
  });
  const client = await rig.connect();
  for (let i = 0; i < 3; i++) {
    client.send(get);
    await client.readResponse();
    clock.advance(6000);
  }
  assert.equal(rig.origin.connections.length, 2);
});

testOverTransports("An empty line behind a body does not start the clock for a head", async (transport) => {
  const clock = new VirtualClock();
  await using rig = await startRig({
    transport,
    clock,
    listener: { timeouts: { head: "5s", keepAliveIdle: "60s" } },
  });
  const client = await rig.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n");
  await client.readResponse();
  clock.advance(30_000);
  client.send(get);
  assert.equal((await client.readResponse()).raw, okAnswer);
});
