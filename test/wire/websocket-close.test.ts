/**
 * Draining asks before it cuts: a WebSocket's client gets a close frame between two frames, its answer goes to
 * the endpoint, and only what does not end by itself is ended (RFC 6455 §5.5.1, §7.1).
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { connectRaw } from "../support/raw-client.ts";
import { closeForClient } from "../../src/proxy/websocket-frames.ts";
import { startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

type Closing = [code: number, reason: string];

interface Stage {
  readonly proxy: TestProxy;
  readonly sockets: WebSocketServer;
  readonly url: string;
  /** How the endpoint sees the connection that it is given next end. */
  nextEnd(): Promise<{ socket: WebSocket; closed: Promise<Closing> }>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function startStage(options: Omit<ProxyOptions, "origins"> = {}): Promise<Stage> {
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
  await once(sockets, "listening");
  const proxy = await startProxy({ ...options, origins: [(sockets.address() as AddressInfo).port] });
  return {
    proxy,
    sockets,
    url: `ws://127.0.0.1:${proxy.port}/`,
    nextEnd: async () => {
      const [socket] = (await once(sockets, "connection")) as [WebSocket];
      return { socket, closed: closingOf(socket) };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await proxy.close();
      sockets.close();
    },
  };
}

async function closingOf(socket: WebSocket): Promise<Closing> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, reason.toString()];
}

const goodbye: Closing = [1001, "please connect again"];

testOverTransports("A client is asked, answers, and both sides have closed in order", async (transport) => {
  await using stage = await startStage({ transport });
  const atEndpoint = stage.nextEnd();
  const client = new WebSocket(stage.url);
  await once(client, "open");
  const { socket, closed } = await atEndpoint;
  client.send("before");
  const [message] = (await once(socket, "message")) as [Buffer];
  assert.equal(message.toString(), "before");
  assert.equal(stage.proxy.endpoints[0]?.state.activeRequests, 1, "it counts as active");
  const seen = closingOf(client);
  const drained = stage.proxy.drain();
  assert.deepEqual(await seen, goodbye);
  assert.deepEqual(await closed, goodbye);
  await drained;
  const { status, cause } = await stage.proxy.record();
  assert.deepEqual([status, cause], [101, null]);
});

testOverTransports(
  "The frame comes at the end of one under way, and what the client sent arrives",
  async (transport) => {
    await using stage = await startStage({ transport });
    const atEndpoint = stage.nextEnd();
    const client = new WebSocket(stage.url, { perMessageDeflate: false });
    await once(client, "open");
    const { socket, closed } = await atEndpoint;
    const raw = (socket as unknown as { _socket: Socket })._socket;
    const size = 500_000;
    const frame = Buffer.concat([
      Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 0x07, 0xa1, 0x20),
      Buffer.alloc(size, 7),
    ]);
    raw.write(frame.subarray(0, 200_000));
    const received = (client as unknown as { _socket: Socket })._socket;
    while (received.bytesRead < 200_000) await turns();
    const drained = stage.proxy.drain();
    const seen = closingOf(client);
    client.send("still here");
    const [late] = (await once(socket, "message")) as [Buffer];
    assert.equal(late.toString(), "still here");
    // With the rest of the frame comes another, which is too late.
    raw.write(Buffer.concat([frame.subarray(200_000), Buffer.of(0x81, 1, 0x61)]));
    const messages: number[] = [];
    client.on("message", (data: Buffer) => messages.push(data.length));
    assert.deepEqual(await seen, goodbye);
    assert.deepEqual(messages, [size]);
    assert.deepEqual(await closed, goodbye);
    await drained;
  },
);

testOverTransports("It comes between the parts of a message that is sent in pieces", async (transport) => {
  await using stage = await startStage({ transport });
  const atEndpoint = stage.nextEnd();
  const client = new WebSocket(stage.url);
  await once(client, "open");
  const { socket, closed } = await atEndpoint;
  socket.send("a ".repeat(50_000), { fin: false });
  const received = (client as unknown as { _socket: Socket })._socket;
  await new Promise<void>((resolve) => {
    socket.send("b ".repeat(50_000), { fin: false }, () => resolve());
  });
  // Compressed, it is small; until all of it is there.
  for (let last = -1; last !== received.bytesRead; last = received.bytesRead) await turns(200);
  const seen = closingOf(client);
  const drained = stage.proxy.drain();
  assert.deepEqual(await seen, goodbye);
  assert.deepEqual(await closed, goodbye);
  await drained;
});

testOverTransports("Who has said goodbye already is not asked", async (transport) => {
  await using stage = await startStage({ transport });
  const atEndpoint = stage.nextEnd();
  const client = new WebSocket(stage.url);
  await once(client, "open");
  const { socket, closed } = await atEndpoint;
  const seen = closingOf(client);
  socket.close(4000, "my own");
  // The endpoint's frame goes through before the drain begins, or is dropped for ours: never both.
  await turns(20);
  const drained = stage.proxy.drain();
  assert.deepEqual(await seen, [4000, "my own"]);
  assert.deepEqual(await closed, [4000, "my own"]);
  await drained;
});

const offer =
  "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const closeText = closeForClient.toString("latin1");

testOverTransports("One that does not answer is ended in time; the endpoint is told", async (transport) => {
  const clock = new VirtualClock();
  await using stage = await startStage({ transport, clock });
  const atEndpoint = stage.nextEnd();
  const client = await connectRaw(stage.proxy.port);
  client.send(offer);
  await client.readUntil("\r\n\r\n");
  const { closed } = await atEndpoint;
  const drained = stage.proxy.drain();
  await client.readUntil(closeText);
  clock.advance(4900);
  await turns(4);
  assert.equal(client.ending, null);
  clock.advance(300);
  assert.equal(await client.ended(), "fin");
  assert.deepEqual(await closed, goodbye);
  const { status, cause } = await stage.proxy.record();
  assert.deepEqual([status, cause], [101, "shutting-down"]);
  clock.advance(60_000);
  await drained;
  client.destroy();
});

testOverTransports("With shutdown.webSocketClose off nobody is asked", async (transport) => {
  await using stage = await startStage({ transport, config: { shutdown: { webSocketClose: "off" } } });
  const client = new WebSocket(stage.url);
  await once(client, "open");
  const drained = stage.proxy.drain();
  client.ping();
  await once(client, "pong");
  client.close(1000, "bye");
  assert.deepEqual(await closingOf(client), [1000, "bye"]);
  await drained;
});

testOverTransports("One that opens while its listener drains is asked at once", async (transport) => {
  await using rig = await startRig({ transport, behaviours: [{ respond: () => {} }] });
  const client = await rig.connect();
  client.send(offer);
  await rig.origin.awaitRequest();
  const drained = rig.proxy.drain();
  rig.origin.connections[0]?.write(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  await client.readUntil(closeText);
  // Its answer passes, and the endpoint's behind it does not come back.
  client.send("\x88\x82\0\0\0\0\x03\xe9");
  await rig.origin.awaitReceived("\x88\x82\0\0\0\0\x03\xe9");
  rig.origin.connections[0]?.end("\x88\x02\x03\xe9");
  assert.equal(await client.ended(), "fin");
  assert.ok(client.received.endsWith(closeText));
  client.end();
  await drained;
});

testOverTransports("Other upgrades cannot be asked and go on", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: () => "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n" }],
  });
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n");
  await client.readUntil("\r\n\r\n");
  const head = client.received;
  const drained = rig.proxy.drain();
  client.send("ping");
  await rig.origin.awaitReceived("ping");
  assert.equal(client.received, head);
  client.end();
  rig.origin.connections[0]?.end();
  await drained;
});

testOverTransports("Many are asked in turns, all in time", async (transport) => {
  const clock = new VirtualClock();
  await using stage = await startStage({ transport, clock });
  const clients = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const client = await connectRaw(stage.proxy.port);
      client.send(offer);
      await client.readUntil("\r\n\r\n");
      return client;
    }),
  );
  const askedCount = async (): Promise<number> => {
    await turns(10);
    return clients.filter(({ received }) => received.endsWith(closeText)).length;
  };
  // 100 ms beyond the 5 s to close: ten turns.
  const drained = stage.proxy.drain(5100);
  assert.equal(await askedCount(), 3);
  clock.advance(50);
  assert.equal(await askedCount(), 18);
  clock.advance(40);
  assert.equal(await askedCount(), 30);
  clock.advance(70_000);
  await drained;
  for (const client of clients) client.destroy();
});

test("Over HTTP/2 the client is asked in its stream", async () => {
  await using stage = await startStage();
  const atEndpoint = stage.nextEnd();
  const session = http2.connect(`http://127.0.0.1:${stage.proxy.port}`);
  await once(session, "remoteSettings");
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":path": "/",
    "sec-websocket-version": "13",
  });
  await once(stream, "response");
  const { closed } = await atEndpoint;
  const drained = stage.proxy.drain();
  let received = "";
  while (received.length < closeText.length) {
    received += ((await once(stream, "data")) as [Buffer])[0].toString("latin1");
  }
  assert.equal(received, closeText);
  stream.on("error", () => {});
  stream.end(Buffer.from("\x88\x82\0\0\0\0\x03\xe9", "latin1"));
  assert.deepEqual(await closed, [1001, ""]);
  await drained;
  session.destroy();
});

// Silent for too long.

testOverTransports("One that has been idle for too long is asked, too", async (transport) => {
  const clock = new VirtualClock();
  await using stage = await startStage({ transport, clock, listener: { timeouts: { tunnelIdle: "10s" } } });
  const atEndpoint = stage.nextEnd();
  const client = new WebSocket(stage.url);
  await once(client, "open");
  const { closed } = await atEndpoint;
  const seen = closingOf(client);
  clock.advance(10_500);
  assert.deepEqual(await seen, goodbye);
  assert.deepEqual(await closed, goodbye);
  const { status, cause } = await stage.proxy.record();
  assert.deepEqual([status, cause], [101, "tunnel-idle"]);
});

testOverTransports("An idle one that does not answer is ended in order", async (transport) => {
  const clock = new VirtualClock();
  await using stage = await startStage({ transport, clock, listener: { timeouts: { tunnelIdle: "2s" } } });
  const atEndpoint = stage.nextEnd();
  const client = await connectRaw(stage.proxy.port);
  client.send(offer);
  const { closed } = await atEndpoint;
  await client.readUntil("\r\n\r\n");
  clock.advance(2500);
  await client.readUntil(closeText);
  // Its silence has been noticed: that it goes on changes nothing.
  clock.advance(4000);
  await turns(10);
  assert.deepEqual([client.ending, stage.proxy.records.length], [null, 0]);
  clock.advance(1500);
  assert.deepEqual(await closed, goodbye);
  assert.equal(await client.ended(), "fin");
  assert.equal((await stage.proxy.record()).cause, "tunnel-idle");
  client.destroy();
});

testOverTransports("Where nobody is asked, an idle one is reset", async (transport) => {
  const clock = new VirtualClock();
  await using stage = await startStage({
    transport,
    clock,
    listener: { timeouts: { tunnelIdle: "10s" } },
    config: { shutdown: { webSocketClose: "off" } },
  });
  const client = await connectRaw(stage.proxy.port);
  client.send(offer);
  await client.readUntil("\r\n\r\n");
  const head = client.received;
  clock.advance(10_500);
  assert.equal(await client.ended(), "reset");
  assert.equal(client.received, head);
  assert.equal((await stage.proxy.record()).cause, "tunnel-idle");
  client.destroy();
});

test("Over HTTP/2 an idle one is asked in its stream", async () => {
  const clock = new VirtualClock();
  await using stage = await startStage({ clock, listener: { timeouts: { tunnelIdle: "10s" } } });
  const atEndpoint = stage.nextEnd();
  const session = http2.connect(`http://127.0.0.1:${stage.proxy.port}`);
  await once(session, "remoteSettings");
  const fields = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/" };
  const stream = session.request({ ...fields, "sec-websocket-version": "13" });
  stream.on("error", () => {});
  await once(stream, "response");
  const { closed } = await atEndpoint;
  clock.advance(10_500);
  const [asked] = (await once(stream, "data")) as [Buffer];
  assert.equal(asked.toString("latin1"), closeText);
  stream.end(Buffer.from("\x88\x82\0\0\0\0\x03\xe9", "latin1"));
  assert.deepEqual(await closed, [1001, ""]);
  assert.equal((await stage.proxy.record()).cause, "tunnel-idle");
  session.destroy();
});
