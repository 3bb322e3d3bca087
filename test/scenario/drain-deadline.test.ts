/** A drain's deadline: what the endpoint still has is ended, whatever it is, in whichever thread. */
import assert from "node:assert/strict";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { ConfigInput } from "../../src/config/schema.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import type { OperatedLoadBalancer } from "../../src/runtime/load-balancer-interface.ts";
import { connectRaw } from "../support/raw-client.ts";
import { startRawOrigin } from "../support/raw-origin.ts";
import { Signal } from "../support/signal.ts";

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

async function startBalancer(input: ConfigInput): Promise<OperatedLoadBalancer> {
  const result = parseConfig({ workers: 0, ...input });
  assert("config" in result);
  const balancer = startLoadBalancer(result.config);
  await balancer.listen();
  return balancer;
}

/** Drains endpoint `a` with a deadline that is near, and resolves when it is over. */
async function drain(balancer: OperatedLoadBalancer): Promise<void> {
  const over = new Signal();
  balancer.changes.onRevision = () => over.notify();
  await balancer.setEndpointState("app", "a", "draining");
  balancer.drains.setDeadline("app", "a", 50);
  await over.until("maintenance", () => balancer.config.pools["app"]?.endpoints[0]?.state === "maintenance");
}

async function idle(balancer: OperatedLoadBalancer): Promise<boolean> {
  for (let turn = 0; turn < 500; turn++) {
    if (balancer.drains.of("app", "a")?.activeRequests === 0) return true;
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  return false;
}

for (const workers of [0, 1]) {
  test(`a response and a WebSocket are broken off with ${workers} workers; another request goes elsewhere`, async () => {
    const slow = await startRawOrigin({
      respond: ({ head }) => {
        if (head.startsWith("GET /ws"))
          return "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi";
        if (head.startsWith("GET /body")) return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok";
        return undefined;
      },
    });
    const other = await startRawOrigin();
    const balancer = await startBalancer({
      workers,
      listeners: ["127.0.0.1:0"],
      pools: {
        app: {
          policy: "first",
          endpoints: [
            { name: "a", url: `http://127.0.0.1:${slow.port}` },
            { name: "b", url: `http://127.0.0.1:${other.port}` },
          ],
        },
      },
    });
    const port = balancer.addresses[0]?.port ?? 0;
    const [webSocket, body, silent, post] = await Promise.all([0, 1, 2, 3].map(() => connectRaw(port)));
    assert(webSocket !== undefined && body !== undefined && silent !== undefined && post !== undefined);
    webSocket.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    body.send("GET /body HTTP/1.1\r\nHost: h\r\n\r\n");
    silent.send(get);
    post.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
    await webSocket.readUntil("hi");
    await body.readUntil("ok");
    await slow.awaitRequest(4);
    await drain(balancer);
    await Promise.all([webSocket.ended(), body.ended()]);
    assert.equal((await silent.readResponse()).body, "ok", "what may be repeated is repeated elsewhere");
    const refused = await post.readResponse();
    assert.deepEqual([refused.status, refused.header("headgate-cause")], [503, "drain-deadline"]);
    assert.equal(await idle(balancer), true);
    const progress = balancer.drains.of("app", "a");
    assert.deepEqual(
      [progress?.outcome, progress?.startedRequests, progress?.cutRequests, progress?.tunnels],
      ["deadline-passed", 4, 4, 0],
    );
    assert.equal(balancer.stats().pools[0]?.endpoints[0]?.failures, 0, "the endpoint is not to blame");
    for (const client of [silent, post]) client.destroy();
    await balancer.close({ graceMs: 0 });
    await Promise.all([slow.close(), other.close()]);
  });
}

test("a TCP connection is ended", async () => {
  const origin = await startRawOrigin({ isReadingRequests: false });
  const balancer = await startBalancer({
    listeners: [{ address: "127.0.0.1:0", protocol: "tcp", pool: "app" }],
    pools: { app: { endpoints: [{ name: "a", url: `http://127.0.0.1:${origin.port}` }] } },
  });
  const client = await connectRaw(balancer.addresses[0]?.port ?? 0);
  client.send("hello");
  await origin.awaitReceived("hello");
  await drain(balancer);
  await client.ended();
  assert.equal(await idle(balancer), true);
  await balancer.close({ graceMs: 0 });
  await origin.close();
});

test("streams of an HTTP/2 connection are ended, and it closes", async () => {
  const asked = new Signal();
  let streams = 0;
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
    stream.write("begun");
    streams++;
    asked.notify();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const balancer = await startBalancer({
    listeners: ["127.0.0.1:0"],
    pools: {
      app: {
        protocol: "h2",
        endpoints: [{ name: "a", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }],
      },
    },
  });
  const port = balancer.addresses[0]?.port ?? 0;
  const clients = await Promise.all([0, 1].map(() => connectRaw(port)));
  for (const client of clients) client.send(get);
  await asked.until("two streams", () => streams === 2);
  for (const client of clients) await client.readUntil("begun");
  await drain(balancer);
  for (const client of clients) await client.ended();
  assert.equal(await idle(balancer), true);
  assert.equal(balancer.stats().pools[0]?.endpoints[0]?.failures, 0);
  await balancer.close({ graceMs: 0 });
  await new Promise((resolve) => void server.close(resolve));
});
