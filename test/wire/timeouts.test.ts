/**
 * Every timeout by its name in the configuration, under a virtual clock: nothing happens just before it
 * is due, and the right thing soon after.
 */
import assert from "node:assert/strict";
import type { RawClient } from "../support/raw-client.ts";
import { okAnswer } from "../support/raw-origin.ts";
import { type Rig, type RigOptions, startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const silent = { respond: (): void => {} };
const bodiless = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";

interface TimeoutCase {
  readonly name: string;
  readonly options: RigOptions;
  /** Brings the exchange to where the clock counts. */
  readonly prepare: (client: RawClient, rig: Rig) => Promise<void>;
  readonly dueMs: number;
  /** Status of the answer, or how the connection ends without one. */
  readonly expected: number | "fin" | "reset";
  readonly cause?: string;
}

/** A route that waits for less long than its listener. */
const patientListener: RigOptions = {
  listener: { timeouts: { bodyIdle: "20s" } },
  pool: { timeouts: { responseHead: "5m" } },
  config: {
    routes: [{ match: { path: "/quick" }, pool: "app", timeouts: { bodyIdle: "7s" } }, { pool: "app" }],
  },
};

const cases: readonly TimeoutCase[] = [
  {
    name: "listener timeouts.head, from the connection on",
    options: { listener: { timeouts: { head: "7s" } } },
    prepare: async (_, rig) => {
      while (rig.proxy.listener.connections === 0) await turns(1);
    },
    dueMs: 7000,
    expected: "fin",
  },
  {
    name: "listener timeouts.head, however slowly the bytes come",
    options: { listener: { timeouts: { head: "7s" } } },
    prepare: async (client) => client.sendPieces("GET / HTTP/1.1\r\nHost: a\r\nX: y".split("")),
    dueMs: 7000,
    expected: 408,
    cause: "head-timeout",
  },
  {
    name: "listener timeouts.head, of a later request from its first byte on",
    options: { listener: { timeouts: { head: "7s" } } },
    prepare: async (client) => {
      client.send(get);
      await client.readResponse();
      await client.sendPieces(["GE"]);
    },
    dueMs: 7000,
    expected: 408,
    cause: "head-timeout",
  },
  {
    name: "listener timeouts.keepAliveIdle",
    options: { listener: { timeouts: { keepAliveIdle: "7s" } } },
    prepare: async (client) => {
      client.send(get);
      await client.readResponse();
    },
    dueMs: 7000,
    expected: "fin",
  },
  {
    name: "listener timeouts.bodyIdle, before the body",
    options: { listener: { timeouts: { bodyIdle: "7s" } } },
    prepare: async (client, rig) => {
      client.send(bodiless);
      await rig.origin.awaitReceived("Content-Length: 10\r\n\r\n");
      await turns(4);
    },
    dueMs: 7000,
    expected: 408,
    cause: "body-timeout",
  },
  {
    name: "route timeouts.bodyIdle, instead of the listener's",
    options: patientListener,
    prepare: async (client, rig) => {
      client.send(bodiless.replace("/", "/quick"));
      await rig.origin.awaitReceived("Content-Length: 10\r\n\r\n");
      await turns(4);
    },
    dueMs: 7000,
    expected: 408,
    cause: "body-timeout",
  },
  {
    name: "listener timeouts.bodyIdle again, for the next request of a connection on another route",
    options: patientListener,
    prepare: async (client, rig) => {
      client.send(get.replace("/", "/quick"));
      await client.readResponse();
      client.send(bodiless);
      await rig.origin.awaitReceived("Content-Length: 10\r\n\r\n");
      await turns(4);
    },
    dueMs: 20_000,
    expected: 408,
    cause: "body-timeout",
  },
  {
    name: "listener timeouts.exchange, while the endpoint thinks",
    options: { listener: { timeouts: { exchange: "7s" } }, behaviours: [silent] },
    prepare: async (client, rig) => {
      client.send(get);
      await rig.origin.awaitRequest();
    },
    dueMs: 7000,
    expected: 504,
    cause: "exchange-timeout",
  },
  {
    name: "listener timeouts.exchange, inside the response",
    options: {
      listener: { timeouts: { exchange: "7s" } },
      behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" }],
    },
    prepare: async (client) => {
      client.send(get);
      await client.readUntil("half");
    },
    dueMs: 7000,
    expected: "reset",
    cause: "exchange-timeout",
  },
  {
    name: "pool timeouts.responseHead",
    options: { pool: { timeouts: { responseHead: "7s" }, retry: { attempts: 1 } }, behaviours: [silent] },
    prepare: async (client, rig) => {
      client.send(get);
      await rig.origin.awaitRequest();
    },
    dueMs: 7000,
    expected: 504,
    cause: "head-response-timeout",
  },
  {
    name: "pool timeouts.responseHead, of an endpoint that only begins its head",
    options: {
      pool: { timeouts: { responseHead: "7s" }, retry: { attempts: 1 } },
      behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\nX: " }],
    },
    prepare: async (client, rig) => {
      client.send(get);
      await rig.origin.awaitRequest();
      await turns(4);
    },
    dueMs: 7000,
    expected: 504,
    cause: "head-response-timeout",
  },
  {
    name: "pool timeouts.upstreamIdle",
    options: {
      pool: { timeouts: { upstreamIdle: "7s" } },
      behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" }],
    },
    prepare: async (client) => {
      client.send(get);
      await client.readUntil("half");
    },
    dueMs: 7000,
    expected: "reset",
    cause: "response-body-timeout",
  },
  {
    name: "pool timeouts.upstreamIdle, where a route that splits has only another one of its own",
    options: {
      pool: { timeouts: { upstreamIdle: "7s" } },
      config: { routes: [{ split: { pools: { app: 1 } }, timeouts: { responseHead: "9s" } }] },
      behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" }],
    },
    prepare: async (client) => {
      client.send(get);
      await client.readUntil("half");
    },
    dueMs: 7000,
    expected: "reset",
    cause: "response-body-timeout",
  },
  {
    name: "pool timeouts.eventStreamIdle, between server-sent events",
    options: {
      pool: { timeouts: { upstreamIdle: "7s", eventStreamIdle: "90s" } },
      behaviours: [{ respond: () => `${events}6\r\ndata:\n\r\n` }],
    },
    prepare: async (client) => {
      client.send(get);
      await client.readUntil("data:");
    },
    dueMs: 90_000,
    expected: "reset",
    cause: "response-body-timeout",
  },
  {
    name: "timeouts.upstreamIdle of a route, for server-sent events, too",
    options: {
      pool: { timeouts: { upstreamIdle: "7s", eventStreamIdle: "90s" } },
      config: { routes: [{ pool: "app", timeouts: { upstreamIdle: "20s" } }] },
      behaviours: [{ respond: () => `${events}6\r\ndata:\n\r\n` }],
    },
    prepare: async (client) => {
      client.send(get);
      await client.readUntil("data:");
    },
    dueMs: 20_000,
    expected: "reset",
    cause: "response-body-timeout",
  },
];

/** Deadlines are coarse: up to a few ticks late, never early. */
const slackMs = 500;

for (const { name, options, prepare, dueMs, expected, cause } of cases) {
  testOverTransports(`Timeout: ${name}`, async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ ...options, transport, clock });
    const client = await rig.connect();
    await prepare(client, rig);
    const before = client.received;
    const recordsBefore = rig.proxy.records.length;
    clock.advance(dueMs - 1);
    await turns(4);
    assert.equal(client.received, before);
    assert.equal(client.ending, null);
    assert.equal(rig.proxy.records.length, recordsBefore);
    clock.advance(1 + slackMs);
    if (typeof expected === "number") {
      const response = await client.readResponse();
      assert.equal(response.status, expected);
      assert.equal(response.header("headgate-cause"), cause);
    } else {
      assert.equal(await client.ended(), expected);
      assert.equal(client.received, before);
      if (cause !== undefined) assert.equal((await rig.proxy.record()).cause, cause);
    }
  });
}

testOverTransports("Timeout: pool timeouts.connect", async (transport) => {
  const clock = new VirtualClock();
  let underWay = 0;
  const dialer = {
    dial(): () => void {
      underWay++;
      return () => void underWay--;
    },
  };
  await using rig = await startRig({
    transport: { ...transport, dialer },
    clock,
    pool: { timeouts: { connect: "7s" }, retry: { attempts: 1 } },
  });
  const client = await rig.connect();
  client.send(get);
  while (underWay === 0) await turns(1);
  clock.advance(6999);
  assert.equal(underWay, 1);
  clock.advance(1 + slackMs);
  const response = await client.readResponse();
  assert.equal(response.status, 504);
  assert.equal(response.header("headgate-cause"), "connect-timeout");
  assert.equal(underWay, 0);
});

testOverTransports("Timeout: pool connections.idleTimeout", async (transport) => {
  const clock = new VirtualClock();
  await using rig = await startRig({
    transport,
    clock,
    pool: { connections: { idleTimeout: "7s", learnIdleTimeout: false } },
  });
  const client = await rig.connect();
  client.send(get);
  await client.readResponse();
  clock.advance(6999);
  await turns(4);
  assert.equal(rig.origin.connections[0]?.departure, null);
  clock.advance(1 + slackMs);
  assert.equal(await rig.origin.awaitDeparture(), "fin");
});

testOverTransports(
  "A slow upload is no slow answer: the clock for the response starts over with each piece",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({ transport, clock, pool: { timeouts: { responseHead: "7s" } } });
    const client = await rig.connect();
    client.send(bodiless);
    for (let i = 1; i <= 10; i++) {
      await rig.origin.awaitReceived(`\r\n\r\n${"x".repeat(i - 1)}`);
      clock.advance(5000);
      client.send("x");
    }
    assert.equal((await client.readResponse()).raw, okAnswer);
  },
);

testOverTransports(
  "A slow download is no idle one: the clock starts over with each piece",
  async (transport) => {
    const clock = new VirtualClock();
    await using rig = await startRig({
      transport,
      clock,
      pool: { timeouts: { upstreamIdle: "7s" } },
      behaviours: [{ respond: () => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" }],
    });
    const client = await rig.connect();
    client.send(get);
    await client.readUntil("\r\n\r\n");
    for (let i = 1; i <= 10; i++) {
      clock.advance(5000);
      rig.origin.connections[0]?.write("x");
      await client.readUntil(`\r\n\r\n${"x".repeat(i)}`);
    }
    assert.equal((await client.readResponse()).body, "xxxxxxxxxx");
  },
);
