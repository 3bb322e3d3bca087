/** Clients that come in crowds and behave badly cost nobody else anything, and leave nothing behind. */
import assert from "node:assert/strict";
import type { RawClient } from "../support/raw-client.ts";
import { okAnswer } from "../support/raw-origin.ts";
import { type Rig, startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const crowd = 200;

async function connectAll(rig: Rig, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, async () => rig.connect()));
}

async function assertServed(rig: Rig): Promise<void> {
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await client.readResponse()).raw, okAnswer);
  client.destroy();
}

testOverTransports(
  "Slow heads by the hundred: others are served, and all of them are shown out",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ transport, clock, listener: { timeouts: { head: "10s" } } });
    const slow = await connectAll(rig, crowd);
    while (rig.proxy.listener.connections < crowd) await turns(1);
    for (let i = 0; i < 5; i++) {
      for (const client of slow) client.send(`GET / HTTP/1.1\r\nHost: a\r\nX-${i}: `.slice(0, 4 + i));
      await turns(10);
      clock.advance(1000);
    }
    await assertServed(rig);
    clock.advance(10_000);
    for (const client of slow) {
      await client.ended();
      client.destroy();
    }
    await rig.proxy.quiet();
    assert.equal(rig.proxy.listener.connections, 0);
    assert.equal(rig.proxy.records.length, 1);
  },
);

testOverTransports(
  "Slow bodies by the hundred: others are served, and all of them are shown out",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ transport, clock, listener: { timeouts: { bodyIdle: "10s" } } });
    const slow = await connectAll(rig, crowd);
    for (const client of slow) client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
    await rig.origin.awaitConnection(crowd);
    await assertServed(rig);
    clock.advance(10_500);
    for (const client of slow) {
      assert.equal((await client.readResponse()).status, 408);
      client.destroy();
    }
    await rig.proxy.changed.until("every exchange to end", () => rig.proxy.records.length === crowd + 1);
  },
);

testOverTransports(
  "Connections without a request, closed and reset by the hundred, leave nothing behind",
  async (transport) => {
    await using rig = await startRig({ transport });
    for (const leave of [(client: RawClient) => client.destroy(), (client: RawClient) => client.reset()]) {
      for (const client of await connectAll(rig, crowd)) leave(client);
      await rig.proxy.quiet();
      assert.equal(rig.proxy.listener.connections, 0);
    }
    await assertServed(rig);
  },
);

testOverTransports(
  "Requests whose clients do not wait for the answer leave nothing behind",
  async (transport) => {
    await using rig = await startRig({ transport });
    for (let round = 0; round < 5; round++) {
      for (const client of await connectAll(rig, 40)) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        if (round % 2 === 0) client.destroy();
        else client.reset();
      }
      await rig.proxy.quiet();
    }
    assert.equal(rig.proxy.listener.connections, 0);
    for (const { state } of rig.proxy.endpoints) assert.equal(state.activeRequests, 0);
    await assertServed(rig);
  },
);

testOverTransports(
  "A connection beyond the listener's limit is answered and closed, and places become free again",
  async (transport) => {
    await using rig = await startRig({ transport, listener: { limits: { connections: 3 } } });
    const held = await connectAll(rig, 3);
    while (rig.proxy.listener.connections < 3) await turns(1);
    const refused = await rig.connect();
    const response = await refused.readResponse();
    assert.equal(response.status, 503);
    assert.equal(response.header("headgate-cause"), "over-connection-limit");
    assert.equal(await refused.ended(), "fin");
    held[0]?.destroy();
    while (rig.proxy.listener.connections === 3) await turns(1);
    await assertServed(rig);
  },
);
