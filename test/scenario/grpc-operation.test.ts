/** gRPC endpoints that come and go: health by the gRPC health protocol, graceful shutdown; and large metadata. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type handleUnaryCall,
  Metadata,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { callUnary, startWords, wordsClient, type WordsServer } from "../support/grpc-peers.ts";
import { startProxy } from "../support/start-proxy.ts";

/** Answers with its name. */
function named(name: string): UntypedServiceImplementation {
  const unary: handleUnaryCall<string, string> = (call, answer) => {
    const size = String(call.metadata.get("x-large")[0] ?? "").length;
    answer(null, size === 0 ? name : `${name} ${size}`);
  };
  return { unary, collect: () => {}, spread: () => {}, chat: () => {} };
}

const health: ServiceDefinition = {
  check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (state: number) => Buffer.from([0x08, state]),
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

/** `state.value`: 1 for SERVING, 2 for NOT_SERVING. */
function addHealth({ server }: WordsServer, state: { value: number }): void {
  const check: handleUnaryCall<Buffer, number> = (_call, answer) => answer(null, state.value);
  server.addService(health, { check });
}

test(
  "an endpoint that says NOT_SERVING gets no calls until it says SERVING again",
  { timeout: 60_000 },
  async () => {
    const servers = await Promise.all([named("first"), named("second")].map(startWords));
    const state = { value: 1 };
    servers.forEach((server, index) => addHealth(server, index === 0 ? state : { value: 1 }));
    const proxy = await startProxy({
      origins: servers.map(({ port }) => port),
      pool: {
        protocol: "h2",
        health: { kind: "grpc", service: "test.Words", interval: "100ms", timeout: "100ms" },
      },
    });
    const client = wordsClient(proxy.port);
    const until = async (name: string): Promise<void> => {
      for (;;) {
        const { code, value } = await callUnary(client, "x");
        assert.equal(code, status.OK, "no call is lost by it");
        if (value === name) return;
      }
    };
    await until("first");
    for (const [value, name] of [
      [2, "second"],
      [1, "first"],
      [2, "second"],
    ] as const) {
      state.value = value;
      await until(name);
    }
    client.close();
    await proxy.close();
    for (const { server } of servers) server.forceShutdown();
  },
);

test("an endpoint that shuts down gracefully under load loses no call", { timeout: 60_000 }, async () => {
  const servers = await Promise.all([named("first"), named("second")].map(startWords));
  const proxy = await startProxy({
    origins: servers.map(({ port }) => port),
    pool: { protocol: "h2", policy: "round-robin" },
  });
  const client = wordsClient(proxy.port);
  let count = 0;
  let wasAsked = false;
  let isClosed: () => void = () => {};
  const closed = new Promise<void>((resolve) => (isClosed = resolve));
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      assert.equal((await callUnary(client, "x")).code, status.OK);
      if (++count < 100 || wasAsked) continue;
      wasAsked = true;
      servers[0]?.server.tryShutdown(isClosed);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  await closed;
  assert.equal((await callUnary(client, "x")).value, "second");
  client.close();
  await proxy.close();
  for (const { server } of servers) server.forceShutdown();
});

test("metadata of 10 KB passes, more than the listener takes is RESOURCE_EXHAUSTED", async () => {
  const server = await startWords(named("it"));
  const proxy = await startProxy({ origins: [server.port], pool: { protocol: "h2" } });
  const client = wordsClient(proxy.port);
  const call = async (bytes: number): ReturnType<typeof callUnary> => {
    const metadata = new Metadata();
    metadata.set("x-large", "m".repeat(bytes));
    return callUnary(client, "x", {}, metadata);
  };
  assert.equal((await call(10_000)).value, "it 10000");
  // A little too much is the call's own affair, far too much the connection's.
  for (const bytes of [40_000, 200_000]) {
    const { code, trailers } = await call(bytes);
    assert.deepEqual([code, trailers["headgate-cause"]], [status.RESOURCE_EXHAUSTED, bytes > 100_000 ? undefined : "head-too-large"]); // prettier-ignore
  }
  client.close();
  await proxy.close();
  server.server.forceShutdown();
});
