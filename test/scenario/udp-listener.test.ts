import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { test } from "node:test";
import { freePorts } from "../support/free-ports.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";

type Answer = (bytes: Buffer, from: RemoteInfo, socket: Socket) => void;

async function server(answer: Answer): Promise<{ socket: Socket; port: number; received: string[] }> {
  const socket = createSocket("udp4");
  const received: string[] = [];
  socket.on("message", (bytes, from) => {
    received.push(bytes.toString("latin1"));
    answer(bytes, from, socket);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: socket.address().port, received };
}

const named =
  (name: string): Answer =>
  (bytes, from, socket) =>
    socket.send(`${name}:${bytes.toString()}`, from.port, from.address);

async function running(
  answers: readonly Answer[],
  options: Partial<ProxyOptions> = {},
): Promise<AsyncDisposable & { proxy: TestProxy; servers: Awaited<ReturnType<typeof server>>[] }> {
  const servers = await Promise.all(answers.map((answer) => server(answer)));
  const proxy = await startProxy({
    origins: servers.map(({ port }) => `udp://127.0.0.1:${port}`),
    pool: { policy: "round-robin" },
    ...options,
    listener: { protocol: "udp", pool: "app", ...options.listener },
  });
  return {
    proxy,
    servers,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      for (const { socket } of servers) socket.close();
    },
  };
}

/** A client that sends and waits for the answer. */
function client(port: number): { ask(text: string): Promise<string>; tell(text: string): void } & Disposable {
  const socket = createSocket("udp4");
  const tell = (text: string): void => socket.send(text, port, "127.0.0.1");
  return {
    tell,
    async ask(text) {
      tell(text);
      const [bytes] = (await once(socket, "message")) as [Buffer];
      return bytes.toString();
    },
    [Symbol.dispose]: () => void socket.close(),
  };
}

test("a client stays with its endpoint, another gets the next, and answers find back", async () => {
  await using it = await running([named("a"), named("b")]);
  using one = client(it.proxy.port);
  using other = client(it.proxy.port);
  const first = (await one.ask("1")).slice(0, 1);
  const second = (await other.ask("2")).slice(0, 1);
  assert.notEqual(first, second);
  for (let i = 0; i < 5; i++) {
    assert.equal(await one.ask(`x${i}`), `${first}:x${i}`);
    assert.equal(await other.ask(`y${i}`), `${second}:y${i}`);
  }
  assert.equal(it.proxy.listener.connections, 2);
});

test("silence ends the binding, and the record tells the bytes", async () => {
  await using it = await running([named("a")], { listener: { timeouts: { datagramIdle: "100ms" } } });
  using one = client(it.proxy.port);
  assert.equal(await one.ask("hello"), "a:hello");
  const record = await it.proxy.record();
  assert.deepEqual(
    [record.protocol, record.status, record.cause, record.requestBodyBytes, record.responseBodyBytes],
    ["UDP", 200, null, 5, 7],
  );
  const totals = it.proxy.endpoints[0]!.state.readTotals();
  assert.deepEqual([totals.bytesOut, totals.bytesIn, totals.successes, totals.activeRequests], [5, 7, 1, 0]);
  assert.equal(it.proxy.listener.connections, 0);
  assert.equal(await one.ask("again"), "a:again");
});

test("an endpoint that refuses is left, and what the client sends next goes elsewhere", async () => {
  const closed = await freePorts(1);
  const good = await server(named("good"));
  const proxy = await startProxy({
    origins: [`udp://127.0.0.1:${closed}`, `udp://127.0.0.1:${good.port}`],
    listener: { protocol: "udp", pool: "app" },
  });
  using one = client(proxy.port);
  one.tell("lost");
  const [bad] = proxy.endpoints;
  while (bad!.state.readTotals().failures === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await one.ask("found"), "good:found");
  assert.deepEqual(good.received, ["found"]);
  await proxy.close();
  assert.equal(proxy.records[0]?.failedAttempts[0]?.cause, "connect-refused");
  good.socket.close();
});

/** The pool `app` with these endpoints; `set` says who is not ready. */
function poolOf(
  servers: readonly { readonly port: number }[],
  set: Readonly<Record<number, "draining" | "maintenance">> = {},
): ProxyOptions {
  const endpoints = servers.map(({ port }, index) => ({
    name: `at-${port}`,
    url: `udp://127.0.0.1:${port}`,
    state: set[index] ?? ("ready" as const),
  }));
  return {
    origins: [],
    listener: { protocol: "udp", pool: "udp" },
    extraPools: { udp: { policy: "first", endpoints } },
  };
}

test("an endpoint in maintenance or removed keeps no client, however busy; one that drains does", async () => {
  await using stack = new AsyncDisposableStack();
  const servers = await Promise.all(["a", "b"].map((name) => server(named(name))));
  for (const { socket } of servers) stack.defer(() => void socket.close());
  const proxy = await startProxy(poolOf(servers));
  using one = client(proxy.port);
  assert.equal(await one.ask("1"), "a:1");
  await proxy.apply(poolOf(servers, { 0: "draining" }));
  assert.equal(await one.ask("2"), "a:2");
  const [a] = proxy.endpoints;
  await proxy.apply(poolOf(servers, { 0: "maintenance" }));
  assert.equal(await one.ask("3"), "b:3");
  const { successes, activeRequests, bytesOut } = a!.state.readTotals();
  assert.deepEqual([successes, activeRequests, bytesOut], [1, 0, 2], "it got its due when it was left");
  // Back again, but the client is another's now.
  await proxy.apply(poolOf(servers));
  assert.equal(await one.ask("4"), "b:4");
  await proxy.apply(poolOf(servers.slice(0, 1)));
  assert.equal(await one.ask("5"), "a:5");
  assert.deepEqual(
    servers.map(({ received }) => received),
    [
      ["1", "2", "5"],
      ["3", "4"],
    ],
  );
  await proxy.close();
  assert.equal(proxy.records.length, 1, "for the client it was one session");
});

test("clients beyond the limit are not heard", async () => {
  await using it = await running([named("a")], { listener: { limits: { connections: 1 } } });
  using one = client(it.proxy.port);
  using other = client(it.proxy.port);
  assert.equal(await one.ask("1"), "a:1");
  other.tell("2");
  while (it.proxy.listener.refusedConnections === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await one.ask("3"), "a:3");
  assert.deepEqual(it.servers[0]!.received, ["1", "3"]);
});

test("names are resolved through it", async () => {
  const answering: Answer = (query, from, socket) => {
    // The query's identifier and question, flags of an answer, one record: A 192.0.2.53.
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 53]);
    socket.send(Buffer.concat([header, question, record]), from.port, from.address);
  };
  await using it = await running([answering, answering]);
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${it.proxy.port}`]);
  for (const name of ["one.example", "two.example", "three.example"])
    assert.deepEqual(await resolver.resolve4(name), ["192.0.2.53"]);
  resolver.cancel();
});

test("an address that is taken refuses the whole configuration", async () => {
  await using it = await running([named("a")]);
  const before = it.proxy.port;
  const origin = `udp://127.0.0.1:${it.servers[0]!.port}`;
  const taken = {
    origins: [origin],
    listener: { protocol: "udp", pool: "app", address: `127.0.0.1:${it.servers[0]!.port}` },
  } as const;
  await assert.rejects(it.proxy.apply(taken), { code: "EADDRINUSE" });
  using one = client(before);
  assert.equal(await one.ask("still"), "a:still");
});
