/** A tunnel to an HTTP/2 endpoint that both sides have ended: what still waits for the endpoint's window arrives (RFC 8441 §5). */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { buffer } from "node:stream/consumers";
import { connectRaw } from "../support/raw-client.ts";
import { turns } from "../support/signal.ts";
import { startProxy } from "../support/start-proxy.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const offer =
  "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/** More than a stream's window, by less than is read ahead. */
const size = 100_000;

interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly tunnel: http2.ServerHttp2Stream;
  readonly activeRequests: () => number;
}

/** Both sides have ended, all the client sent is with Headgate, and the endpoint has read nothing. */
async function startStage(): Promise<Stage> {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = new VirtualClock();
  const proxy = await startProxy({
    clock,
    origins: [(server.address() as AddressInfo).port],
    pool: { protocol: "h2" },
  });
  const opened = once(server, "stream") as Promise<[http2.ServerHttp2Stream]>;
  const client = await connectRaw(proxy.port);
  client.send(offer);
  const [tunnel] = await opened;
  tunnel.on("error", () => {});
  // Without a reader Node throws the request away once the response is over.
  tunnel.pause();
  tunnel.respond({ ":status": 200 });
  tunnel.end();
  assert.equal(await client.ended(), "fin");
  client.send("x".repeat(size));
  client.end();
  await proxy.record();
  return {
    clock,
    tunnel,
    activeRequests: () => proxy.endpoints[0]?.state.activeRequests ?? -1,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await proxy.close();
      await new Promise((closed) => void server.close(closed));
    },
  };
}

test("it arrives whole when the endpoint gets to it", async () => {
  await using stage = await startStage();
  assert.equal(stage.activeRequests(), 0);
  assert.equal((await buffer(stage.tunnel)).length, size);
});

test("an endpoint that never reads it has pool timeouts.upstreamIdle", async () => {
  await using stage = await startStage();
  const closed = once(stage.tunnel, "close");
  stage.clock.advance(60_500);
  await closed;
  assert.equal(stage.tunnel.rstCode, http2.constants.NGHTTP2_CANCEL);
});

test("one that was paused for a client that does not read is freed as soon as its endpoint ends it", async () => {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = new VirtualClock();
  const proxy = await startProxy({
    clock,
    origins: [(server.address() as AddressInfo).port],
    pool: { protocol: "h2" },
  });
  const opened = once(server, "stream") as Promise<[http2.ServerHttp2Stream]>;
  const client = await connectRaw(proxy.port);
  client.send(offer);
  const [tunnel] = await opened;
  tunnel.respond({ ":status": 200 });
  await client.readUntil("\r\n\r\n");
  client.socket.pause();
  // Far more than the client's sockets and the stream's window take.
  const frame = Buffer.concat([Buffer.of(0x82, 127, 0, 0, 0, 0, 0x02, 0, 0, 0), Buffer.alloc(0x2000000)]);
  tunnel.end(frame);
  const [stream] = proxy.streams.accepted;
  assert.ok(stream !== undefined);
  for (let still = 0; still < 50; still = stream.writeBacklog > 0 ? still + 1 : 0) await turns(1);
  const closed = once(tunnel, "close");
  const drained = proxy.drain(10_000);
  clock.advance(6000);
  await proxy.record();
  // Nobody waits for pool timeouts.upstreamIdle.
  await closed;
  client.destroy();
  clock.advance(60_000);
  await drained;
  await proxy.close();
  await new Promise((done) => void server.close(done));
});
