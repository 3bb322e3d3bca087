/**
 * Expect: 100-continue (RFC 9110 §10.1.1): the head goes ahead, the origin's 100 or final answer comes
 * back; the body never waits for ever.
 */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { forwarded, startRig, testOverTransports } from "../support/rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { wireCases } from "../support/wire-cases.ts";

const head = "PUT /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
const forwardedHead =
  "PUT /up HTTP/1.1\r\nHost: a\r\nVia: 1.1 gate\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

testOverTransports(
  "Expect: the head goes ahead and the origin's 100 comes back before the body",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [
        {
          onBytes(connection) {
            if (connection.received === forwardedHead) connection.write("HTTP/1.1 100 Continue\r\n\r\n");
          },
        },
      ],
    });
    const client = await rig.connect();
    client.send(head);
    assert.equal((await client.readResponse()).status, 100);
    client.send("abc");
    assert.equal((await client.readResponse()).status, 200);
    assert.deepEqual(rig.origin.seen, [`${forwardedHead}abc`]);
  },
);

testOverTransports("Expect: over a pooled connection the head goes ahead, too", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [
      {
        onBytes(connection) {
          if (connection.unfinished.endsWith(forwardedHead))
            connection.write("HTTP/1.1 100 Continue\r\n\r\n");
        },
      },
    ],
  });
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.readResponse();
  client.send(head);
  assert.equal((await client.readResponse()).status, 100);
  client.send("abc");
  assert.equal((await client.readResponse()).status, 200);
  assert.equal(rig.origin.connections.length, 1);
});

testOverTransports(
  "Expect: a final answer instead of 100 is relayed and the body never sent",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [
        {
          onBytes(connection) {
            if (connection.received === forwardedHead) {
              connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            }
          },
        },
      ],
    });
    const client = await rig.connect();
    client.send(head);
    const response = await client.readResponse();
    assert.equal(response.status, 403);
    assert.equal(response.header("connection"), "close");
    assert.equal(await client.ended(), "fin");
    assert.equal(await rig.origin.awaitDeparture(), "fin");
    assert.equal(rig.origin.received, forwardedHead);
  },
);

testOverTransports(
  "Expect: when the origin says nothing, Headgate says 100 after a second",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ transport, clock });
    const client = await rig.connect();
    client.send(head);
    await rig.origin.awaitReceived(forwardedHead);
    assert.equal(client.received, "");
    clock.advance(1500);
    assert.equal((await client.readResponse()).status, 100);
    client.send("abc");
    assert.equal((await client.readResponse()).status, 200);
    assert.deepEqual(rig.origin.seen, [`${forwardedHead}abc`]);
  },
);

testOverTransports(
  "Expect: an origin's 100 that comes after Headgate's own is not repeated",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({
      transport,
      clock,
      behaviours: [{ respond: () => `HTTP/1.1 100 Continue\r\n\r\n${okAnswer}` }],
    });
    const client = await rig.connect();
    client.send(head);
    await rig.origin.awaitReceived(forwardedHead);
    clock.advance(1500);
    assert.equal((await client.readResponse()).status, 100);
    client.send("abc");
    assert.equal((await client.readResponse()).status, 200);
  },
);

testOverTransports(
  "Expect: Headgate's own 100 comes also when exchanges have a deadline",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ transport, clock, listener: { timeouts: { exchange: "20s" } } });
    const client = await rig.connect();
    client.send(head);
    await rig.origin.awaitReceived(forwardedHead);
    clock.advance(1500);
    assert.equal((await client.readResponse()).status, 100);
    clock.advance(20_000);
    assert.equal((await client.readResponse()).status, 504);
  },
);

testOverTransports("Expect: a body too large is refused before any of it is sent", async (transport) => {
  await using rig = await startRig({ transport, listener: { limits: { bodyBytes: 64 } } });
  const client = await rig.connect();
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 65\r\n\r\n");
  assert.equal((await client.readResponse()).status, 413);
  assert.equal(await client.ended(), "fin");
  assert.equal(rig.origin.received, "");
});

testOverTransports(
  "Expect: a retry over a pooled connection sends the head at once, too",
  async (transport) => {
    await using rig = await startRig({
      transport,
      clock: new VirtualClock(),
      behaviours: [
        { onBytes: (connection) => connection.destroy() },
        {
          onBytes(connection) {
            if (connection.unfinished.endsWith(forwardedHead))
              connection.write("HTTP/1.1 100 Continue\r\n\r\n");
          },
        },
      ],
    });
    const [first] = rig.proxy.endpoints;
    const client = await rig.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // The first origin died, so the second one answered and its connection is pooled.
    assert.equal((await client.readResponse()).status, 200);
    assert.equal(first?.state.connections, 0);
    client.send(head);
    assert.equal((await client.readResponse()).status, 100);
    client.send("abc");
    assert.equal((await client.readResponse()).status, 200);
    assert.equal(rig.behindIt[1]?.connections.length, 1);
  },
);

wireCases("Expect", [
  {
    name: "anything else is answered 417",
    send: "GET / HTTP/1.1\r\nHost: a\r\nExpect: a-pony\r\n\r\n",
    client: [417],
    cause: "unsupported-expectation",
    stays: true,
  },
  {
    name: "a list of expectations is answered 417",
    send: "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, a-pony\r\n\r\n",
    client: [417],
    cause: "unsupported-expectation",
    stays: true,
  },
  {
    name: "is ignored on HTTP/1.0",
    send: "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    origin: ["POST / HTTP/1.1\r\nHost: a\r\nVia: 1.0 gate\r\nContent-Length: 3\r\n\r\nabc"],
    client: [200],
    stays: true,
  },
  {
    name: "with the body right behind it passes in one go",
    send: "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
    origin: [forwarded("PUT / HTTP/1.1", "a", [], ["Expect: 100-continue", "Content-Length: 3"], "abc")],
    client: [200],
    stays: true,
  },
]);
