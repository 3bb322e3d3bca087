/** TCP listeners: limits of the listener, of one client and of an endpoint; unix sockets on both sides. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseConfig } from "../../src/config/parse.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import { connectRaw } from "../support/raw-client.ts";
import { testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { startProxy } from "../support/start-proxy.ts";

interface Echo extends AsyncDisposable {
  /** `tcp://…` or `unix:…`. */
  readonly url: string;
  readonly sockets: readonly Socket[];
}

/** Echoes, and when the client has ended says goodbye. */
async function startEcho(path: string | null = null): Promise<Echo> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("end", () => socket.end("goodbye"));
  });
  if (path === null) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  return {
    url: path === null ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${path}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Sends an octet: `served` when it comes back, or the error with which the connection ends. */
async function outcomeOf(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const outcome = new Promise<string>((resolve) => {
    socket.once("data", () => resolve("served"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? ""));
    socket.once("end", () => resolve("closed"));
  });
  socket.write("b");
  try {
    return await outcome;
  } finally {
    socket.destroy();
  }
}

testOverTransports("From a unix socket to a unix socket, half-closes included", async (transport) => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  try {
    await using echo = await startEcho(join(folder, "redis.sock"));
    const gate = join(folder, "gate.sock");
    const proxy = await startProxy({
      transport,
      origins: [echo.url],
      listener: { address: `unix:${gate}`, protocol: "tcp", pool: "app" },
    });
    const client = await connectRaw(gate);
    client.send("hello ");
    await client.readUntil("hello ");
    client.end();
    assert.equal(await client.ended(), "fin");
    assert.equal(client.received, "hello goodbye");
    const { cause, clientAddress } = await proxy.record();
    assert.deepEqual([cause, clientAddress], [null, "unix:"]);
    await proxy.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

testOverTransports(
  "An endpoint with all it may have is passed over; when all have, clients are cut",
  async (transport) => {
    await using first = await startEcho();
    await using second = await startEcho();
    const endpoints = [first, second].map(({ url }) => ({ url, maxRequests: 1 }));
    const proxy = await startProxy({
      transport,
      origins: [],
      listener: { protocol: "tcp", pool: "small" },
      extraPools: { small: { policy: "first", endpoints } },
    });
    const clients = [await connectRaw(proxy.port), await connectRaw(proxy.port)];
    for (const client of clients) {
      client.send("a");
      await client.readUntil("a");
    }
    assert.deepEqual([first.sockets.length, second.sockets.length], [1, 1]);
    assert.equal(await outcomeOf(proxy.port), "ECONNRESET");
    const { cause, status } = await proxy.record();
    assert.deepEqual([cause, status], ["pool-full", 503]);
    clients[0]!.end();
    await clients[0]!.ended();
    await proxy.record(2);
    assert.equal(await outcomeOf(proxy.port), "served");
    for (const client of clients) client.destroy();
    await proxy.close();
  },
);

test("One client holds as many connections as it may, and another is served", async () => {
  await using echo = await startEcho();
  const result = parseConfig({
    workers: 0,
    listeners: [
      {
        address: "127.0.0.1:0",
        protocol: "tcp",
        pool: "app",
        limits: { connectionsPerClient: 2 },
      },
    ],
    pools: { app: { endpoints: [echo.url] } },
  });
  assert("config" in result);
  const balancer = startLoadBalancer(result.config);
  const [bound] = await balancer.listen();
  const { port } = bound!;
  const held = [await connectRaw(port), await connectRaw(port)];
  for (const client of held) {
    client.send("a");
    await client.readUntil("a");
  }
  assert.equal(await outcomeOf(port), "ECONNRESET");
  held[0]!.end();
  await held[0]!.ended();
  // The place is free once both sides have closed.
  while ((await outcomeOf(port)) !== "served") await turns();
  held[1]!.destroy();
  await balancer.close({ graceMs: 100 });
});
