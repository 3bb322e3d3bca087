/**
 * WebSockets to endpoints that choose HTTP/2 by ALPN and do not take WebSockets over it: they go over HTTP/1.1 where
 * the endpoint speaks that, too, while everything else stays on HTTP/2.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { test, type TestContext } from "node:test";
import type { WebSocket } from "ws";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";
import {
  openWebSocket,
  startChoosingOrigin,
  startWebSocketOrigin,
  type WebSocketClient,
  type WebSocketOrigin,
  webSocketVersions,
} from "../support/websocket-peers.ts";

const pool = { protocol: "auto", tls: { insecure: true } } as const;

async function startBefore(
  t: TestContext,
  origins: readonly WebSocketOrigin[],
  changes: ProxyOptions["pool"] = {},
): Promise<TestProxy> {
  const proxy = await startProxy({ origins: origins.map(({ url }) => url), pool: { ...pool, ...changes } });
  t.after(() => proxy.close());
  for (const origin of origins) t.after(() => origin.close());
  return proxy;
}

async function statusOf(proxy: TestProxy): Promise<number | undefined> {
  const [response] = (await once(get({ port: proxy.port, agent: false }), "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

async function answersOf({ socket }: WebSocketClient): Promise<string> {
  const heard = once(socket, "message") as Promise<[Buffer]>;
  socket.send("hello");
  const [message] = await heard;
  return message.toString();
}

function echo(socket: WebSocket): void {
  socket.on("message", (message: Buffer) => socket.send(message));
}

for (const from of webSocketVersions) {
  test(`WebSocket from ${from}: an endpoint without it over HTTP/2 gets it over HTTP/1.1, and later ones at once`, async (t) => {
    const origin = await startChoosingOrigin(echo, true);
    // One attempt: it is no retry.
    const proxy = await startBefore(t, [origin], { retry: { attempts: 1 } });
    assert.equal(await statusOf(proxy), 404);
    // At once, so that the second asks while the first finds out.
    const clients = await Promise.all([openWebSocket(from, proxy.port), openWebSocket(from, proxy.port)]);
    clients.push(await openWebSocket(from, proxy.port));
    for (const client of clients) assert.equal(await answersOf(client), "hello");
    assert.equal(await statusOf(proxy), 404);
    assert.deepEqual(origin.agreed, ["h2", "http/1.1", "http/1.1", "http/1.1"]);
    for (const client of clients) client.vanish();
    await proxy.record(5);
    assert.deepEqual(
      proxy.records.map(({ failedAttempts, isTunnel }) => [failedAttempts.length, isTunnel]),
      [[0, false], [0, false], [0, true], [0, true], [0, true]], // prettier-ignore
    );
  });

  test(`WebSocket from ${from}: the first request to an endpoint may be one`, async (t) => {
    const origin = await startChoosingOrigin(echo, true);
    const proxy = await startBefore(t, [origin]);
    const client = await openWebSocket(from, proxy.port);
    assert.equal(await answersOf(client), "hello");
    assert.deepEqual(origin.agreed, ["h2", "http/1.1"]);
  });

  test(`WebSocket from ${from}: an endpoint that speaks HTTP/2 only is not to blame, and another is asked`, async (t) => {
    const deaf = await startChoosingOrigin(echo, false);
    const able = await startWebSocketOrigin("http/1.1", echo);
    const alone = await startBefore(t, [deaf]);
    // The first finds out by HTTP/2, the second knows.
    for (const count of [1, 2]) {
      await assert.rejects(openWebSocket(from, alone.port), { message: "status 502" });
      assert.equal((await alone.record(count)).cause, "websocket-unsupported");
    }
    assert.equal(alone.endpoints[0]?.state.failuresInRow, 0);
    const both = await startBefore(t, [await startChoosingOrigin(echo, false), able]);
    const client = await openWebSocket(from, both.port);
    assert.equal(await answersOf(client), "hello");
  });

  test(`WebSocket from ${from}: over HTTP/1.1, too, an endpoint has its time and no more`, async (t) => {
    const origin = await startChoosingOrigin("never", true);
    const proxy = await startBefore(t, [origin], { retry: { attempts: 1, perAttempt: "50ms" } });
    await assert.rejects(openWebSocket(from, proxy.port), { message: "status 504" });
    assert.equal((await proxy.record()).cause, "attempt-timeout");
    assert.deepEqual(origin.agreed, ["h2", "http/1.1"]);
  });

  test(`WebSocket from ${from}: where HTTP/2 was asked for, nothing else is tried`, async (t) => {
    const origin = await startChoosingOrigin(echo, true);
    const proxy = await startBefore(t, [origin], { protocol: "h2" });
    await assert.rejects(openWebSocket(from, proxy.port), { message: "status 502" });
    assert.equal((await proxy.record()).cause, "websocket-unsupported");
    assert.deepEqual(origin.agreed, ["h2"]);
  });
}
