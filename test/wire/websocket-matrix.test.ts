/** WebSocket in every mixture of HTTP/1.1 and HTTP/2 (RFC 6455, RFC 8441): messages, pings, closes, ends of either side. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { WebSocket } from "ws";
import { startProxy, type TestProxy } from "../support/start-proxy.ts";
import {
  openWebSocket,
  startWebSocketOrigin,
  type WebSocketClient,
  type WebSocketOrigin,
  type WebSocketVersion,
  webSocketVersions,
} from "../support/websocket-peers.ts";

interface Stage extends AsyncDisposable {
  readonly proxy: TestProxy;
  readonly origin: WebSocketOrigin;
  readonly client: WebSocketClient;
  /** The endpoint's end of it. */
  readonly far: WebSocket;
  readonly active: () => number;
}

async function stage(from: WebSocketVersion, to: WebSocketVersion): Promise<Stage> {
  let opened: ((socket: WebSocket) => void) | null = null;
  const arrived = new Promise<WebSocket>((resolve) => (opened = resolve));
  const origin = await startWebSocketOrigin(to, (socket) => opened?.(socket));
  const protocol = to === "h2c" ? "h2" : "http/1.1";
  const proxy = await startProxy({ origins: [origin.url], pool: { protocol } });
  const client = await openWebSocket(from, proxy.port);
  const far = await arrived;
  for (const socket of [client.socket, far]) socket.on("error", () => {});
  return {
    proxy,
    origin,
    client,
    far,
    active: () => proxy.endpoints[0]?.state.activeRequests ?? -1,
    async [Symbol.asyncDispose]() {
      client.vanish();
      await proxy.close();
      await origin.close();
    },
  };
}

async function closing(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, reason.toString()];
}

/** The exchange is over and the endpoint has its place back. */
async function released({ proxy, active }: Stage): Promise<void> {
  const record = await proxy.record();
  assert.deepEqual([record.isTunnel, active()], [true, 0]);
}

for (const from of webSocketVersions) {
  for (const to of webSocketVersions) {
    const mixture = `WebSocket from ${from} to ${to}`;

    test(`${mixture}: messages up to 5 MB and pings both ways, counted while it is open`, async () => {
      await using on = await stage(from, to);
      assert.equal(on.active(), 1);
      for (const [sender, receiver] of [
        [on.client.socket, on.far],
        [on.far, on.client.socket],
      ] as const) {
        for (const size of [0, 1, 126, 65_536, 5_000_000]) {
          const received = once(receiver, "message") as Promise<[Buffer]>;
          sender.send(Buffer.alloc(size, size % 251));
          const [message] = await received;
          assert.ok(message.equals(Buffer.alloc(size, size % 251)), `${message.length} of ${size} octets`);
        }
        const ponged = once(sender, "pong") as Promise<[Buffer]>;
        sender.ping("are you there");
        assert.equal((await ponged)[0].toString(), "are you there");
      }
      // Both at once.
      const both = [once(on.far, "message"), once(on.client.socket, "message")];
      on.client.socket.send(Buffer.alloc(5_000_000, 1));
      on.far.send(Buffer.alloc(5_000_000, 2));
      await Promise.all(both);
      assert.equal(on.active(), 1);
      const heard = closing(on.far);
      on.client.socket.close(1000, "done");
      assert.deepEqual(await heard, [1000, "done"]);
      await released(on);
      assert.equal(on.proxy.records[0]?.cause, null);
    });

    test(`${mixture}: the endpoint's close arrives with its code`, async () => {
      await using on = await stage(from, to);
      const heard = closing(on.client.socket);
      on.far.close(4001, "go away");
      assert.deepEqual(await heard, [4001, "go away"]);
      await released(on);
    });

    test(`${mixture}: an endpoint that dies and a client that vanishes are noticed by the other`, async () => {
      {
        await using on = await stage(from, to);
        const heard = closing(on.client.socket);
        on.origin.kill();
        assert.equal((await heard)[0], 1006);
        await released(on);
      }
      await using on = await stage(from, to);
      const heard = closing(on.far);
      on.client.vanish();
      assert.equal((await heard)[0], 1006);
      await released(on);
    });
  }

  test(`WebSocket from ${from}: an endpoint of HTTP/2 that does not take it is not asked, and another is`, async () => {
    const deaf = await startWebSocketOrigin("h2c", () => {}, false);
    const able = await startWebSocketOrigin("h2c", (socket) => socket.close(4002));
    const alone = await startProxy({ origins: [deaf.url], pool: { protocol: "h2" } });
    await assert.rejects(openWebSocket(from, alone.port), { message: "status 502" });
    const record = await alone.record();
    assert.equal(record.cause, "websocket-unsupported");
    await alone.close();
    const both = await startProxy({ origins: [deaf.url, able.url], pool: { protocol: "h2" } });
    const client = await openWebSocket(from, both.port);
    assert.equal((await closing(client.socket))[0], 4002);
    client.vanish();
    await both.close();
    await deaf.close();
    await able.close();
  });
}
