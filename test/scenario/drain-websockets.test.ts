/**
 * WebSockets of an endpoint that is drained with a deadline: asked in time, they come back to another endpoint,
 * also those that stickiness binds, and the drain ends before its deadline. Without one they stay.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import type { OperatedLoadBalancer } from "../../src/runtime/load-balancer-interface.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];

class Stage {
  readonly balancer: OperatedLoadBalancer;
  readonly endpoints: Readonly<Record<"a" | "b", WebSocketServer>>;

  private constructor(balancer: OperatedLoadBalancer, endpoints: Record<"a" | "b", WebSocketServer>) {
    this.balancer = balancer;
    this.endpoints = endpoints;
  }

  static async start(workers: number, pool: PoolInput): Promise<Stage> {
    const endpoints = { a: await startEndpoint("a"), b: await startEndpoint("b") };
    const result = parseConfig({
      workers,
      listeners: ["127.0.0.1:0"],
      pools: {
        app: {
          policy: "first",
          ...pool,
          endpoints: Object.entries(endpoints).map(([name, server]) => ({
            name,
            url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          })),
        },
      },
    });
    assert("config" in result);
    const balancer = startLoadBalancer(result.config);
    await balancer.listen();
    return new Stage(balancer, endpoints);
  }

  /** A client and the endpoint that greets it; `cookie` is what binds it. */
  async connect(cookie = ""): Promise<{ socket: WebSocket; greeting: string; cookie: string }> {
    const { port } = this.balancer.addresses[0] ?? { port: 0 };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, cookie === "" ? {} : { headers: { cookie } });
    let given = cookie;
    socket.on("upgrade", ({ headers }) => {
      given = headers["set-cookie"]?.[0]?.split(";")[0] ?? cookie;
    });
    const [greeting] = (await once(socket, "message")) as [Buffer];
    return { socket, greeting: greeting.toString(), cookie: given };
  }

  async drain(deadlineMs: number | null): Promise<void> {
    await this.balancer.setEndpointState("app", "a", "draining");
    if (deadlineMs !== null) this.balancer.drains.setDeadline("app", "a", deadlineMs);
  }

  async finished(): Promise<void> {
    while (this.balancer.drains.of("app", "a")?.outcome === "under-way")
      await new Promise((resolve) => void setTimeout(resolve, 5));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balancer.close({ graceMs: 0 });
    for (const server of Object.values(this.endpoints)) {
      for (const client of server.clients) client.terminate();
      server.close();
    }
  }
}

async function startEndpoint(greeting: string): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => socket.send(greeting));
  await once(server, "listening");
  return server;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, "close")) as [number];
  return code;
}

for (const workers of [0, 1]) {
  test(`asked to close, clients come back elsewhere before the deadline, with ${workers} workers`, async () => {
    await using stage = await Stage.start(workers, {});
    const clients = await Promise.all([1, 2, 3].map(() => stage.connect()));
    assert.deepEqual(
      clients.map(({ greeting }) => greeting),
      ["a", "a", "a"],
    );
    const codes = Promise.all(clients.map(({ socket }) => closeCode(socket)));
    await stage.drain(600);
    const { tunnels, activeRequests } = stage.balancer.drains.of("app", "a") ?? {};
    assert.deepEqual([tunnels, activeRequests], [3, 3]);
    assert.deepEqual(await codes, [1001, 1001, 1001]);
    const again = await stage.connect();
    assert.equal(again.greeting, "b");
    await stage.finished();
    const { outcome, cutRequests } = stage.balancer.drains.of("app", "a") ?? {};
    assert.deepEqual([outcome, cutRequests], ["finished", 0]);
    again.socket.terminate();
  });
}

test("a client that is bound to the endpoint is not sent back there", async () => {
  await using stage = await Stage.start(0, { sticky: { kind: "cookie" } });
  const { socket, greeting, cookie } = await stage.connect();
  assert.equal(greeting, "a");
  const codes = [closeCode(socket)];
  await stage.drain(null);
  const early = await stage.connect(cookie);
  assert.equal(early.greeting, "a", "the binding holds until it is asked");
  codes.push(closeCode(early.socket));
  stage.balancer.drains.setDeadline("app", "a", 400);
  assert.deepEqual(await Promise.all(codes), [1001, 1001]);
  const again = await stage.connect(cookie);
  assert.equal(again.greeting, "b");
  await stage.finished();
  assert.equal(stage.balancer.drains.of("app", "a")?.outcome, "finished");
  again.socket.terminate();
});

test("without a deadline nobody is asked, and a deadline may follow", async () => {
  await using stage = await Stage.start(0, {});
  const { socket } = await stage.connect();
  await stage.drain(null);
  socket.ping();
  await once(socket, "pong");
  const code = closeCode(socket);
  stage.balancer.drains.setDeadline("app", "a", 200);
  assert.equal(await code, 1001);
  await stage.finished();
  assert.equal(stage.balancer.drains.of("app", "a")?.outcome, "finished");
});

test("a listener that a reload removes asks its WebSockets; those of others stay", async () => {
  await using stage = await Stage.start(0, {});
  const { config } = stage.balancer;
  const endpoints = config.pools["app"]?.endpoints.map(({ name, url }) => ({ name, url })) ?? [];
  const kept = `127.0.0.1:${stage.balancer.addresses[0]?.port}`;
  const pools = { app: { policy: "first" as const, endpoints } };
  await stage.balancer.apply({
    listeners: ["127.0.0.1:0", { name: "leaving", address: "127.0.0.2:0" }],
    pools,
  });
  const staying = await stage.connect();
  const leavingPort = stage.balancer.addresses.find(({ listener }) => listener === "leaving")?.port;
  const leaving = new WebSocket(`ws://127.0.0.2:${leavingPort}/`);
  await once(leaving, "message");
  const code = closeCode(leaving);
  await stage.balancer.apply({ listeners: ["127.0.0.1:0"], pools });
  assert.equal(await code, 1001);
  staying.socket.ping();
  await once(staying.socket, "pong");
  assert.equal(`127.0.0.1:${stage.balancer.addresses[0]?.port}`, kept);
  staying.socket.terminate();
});
