/** gRPC through Headgate, with clients and servers of @grpc/grpc-js: all four kinds of calls, deadlines, statuses, retries, balance. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
  type handleUnaryCall,
  Metadata,
  type sendUnaryData,
  type ServiceError,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  callUnary,
  startWords,
  type WordsClient,
  wordsClient,
  type WordsServer,
} from "../support/grpc-peers.ts";
import { startPeerOrigin } from "../support/protocol-peers.ts";
import { refusingPort } from "../support/raw-origin.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";

type Unary = handleUnaryCall<string, string>;

interface Stage {
  readonly proxy: TestProxy;
  readonly client: WordsClient;
  readonly servers: readonly WordsServer[];
  [Symbol.asyncDispose](): Promise<void>;
}

async function stage(
  implementations: readonly UntypedServiceImplementation[],
  options: Omit<ProxyOptions, "origins"> = {},
  ahead: readonly number[] = [],
): Promise<Stage> {
  const servers = await Promise.all(implementations.map(startWords));
  const origins = [...ahead, ...servers.map(({ port }) => port)];
  const proxy = await startProxy({ ...options, origins, pool: { protocol: "h2", ...options.pool } });
  const client = wordsClient(proxy.port);
  return {
    proxy,
    client,
    servers,
    async [Symbol.asyncDispose]() {
      client.close();
      for (const { server } of servers) server.forceShutdown();
      await proxy.close();
    },
  };
}

const echo: UntypedServiceImplementation = {
  unary: ((call, answer) => {
    const trailer = new Metadata();
    trailer.set("x-trailer", "behind");
    const head = new Metadata();
    head.set("x-head", String(call.metadata.get("x-asked")[0]));
    call.sendMetadata(head);
    answer(null, `${call.request}!`, trailer);
  }) satisfies Unary,
  collect: (call: ServerReadableStream<string, string>, answer: sendUnaryData<string>) => {
    const messages: string[] = [];
    call.on("data", (message: string) => messages.push(message));
    call.on("end", () => answer(null, messages.join("+")));
  },
  spread: (call: ServerWritableStream<string, string>) => {
    for (const word of call.request.split(" ")) call.write(word);
    call.end();
  },
  chat: (call: ServerDuplexStream<string, string>) => {
    call.on("data", (message: string) => void call.write(message.toUpperCase()));
    call.on("end", () => call.end());
  },
};

/** Never answers. */
const silent: UntypedServiceImplementation = {
  unary: () => {},
  collect: () => {},
  spread: () => {},
  chat: () => {},
};

/** Fails at once with that status: an answer of trailers only. */
function failing(code: number, seen: string[] = []): UntypedServiceImplementation {
  const fail = (call: ServerUnaryCall<string, string>, answer: sendUnaryData<string>): void => {
    seen.push(call.request);
    answer({ code, details: "50% of it, äh" });
  };
  return { ...silent, unary: fail };
}

async function messagesOf(stream: AsyncIterable<unknown>): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of stream) messages.push(String(message));
  return messages;
}

test("unary: message, metadata and trailers pass", async () => {
  await using on = await stage([echo]);
  const metadata = new Metadata();
  metadata.set("x-asked", "so");
  const result = await callUnary(on.client, "hello", {}, metadata);
  assert.deepEqual([result.code, result.value], [status.OK, "hello!"]);
  assert.equal(result.metadata["x-head"], "so");
  assert.equal(result.trailers["x-trailer"], "behind");
});

test("unary: a megabyte each way", async () => {
  await using on = await stage([echo]);
  const message = "m".repeat(1_000_000);
  assert.equal((await callUnary(on.client, message)).value, `${message}!`);
});

test("client streaming: many messages, one answer", async () => {
  await using on = await stage([echo]);
  const answer = new Promise((resolve, reject) => {
    const call = on.client.collect(new Metadata(), {}, (error, value) =>
      error === null ? resolve(value) : reject(error),
    );
    for (const word of ["a", "b", "c"]) call.write(word);
    call.end();
  });
  assert.equal(await answer, "a+b+c");
});

test("server streaming: one message, many answers", async () => {
  await using on = await stage([echo]);
  assert.deepEqual(await messagesOf(on.client.spread("one two three")), ["one", "two", "three"]);
});

test("both streaming: each message is answered before the next is sent", async () => {
  await using on = await stage([echo]);
  const call = on.client.chat();
  for (const word of ["a", "b", "c"]) {
    call.write(word);
    const [answer] = (await once(call, "data")) as [string];
    assert.equal(answer, word.toUpperCase());
  }
  const ended = once(call.resume(), "end");
  call.end();
  await ended;
});

test("an answer of trailers only keeps its status and its message", async () => {
  await using on = await stage([failing(status.NOT_FOUND)]);
  const result = await callUnary(on.client, "x");
  assert.deepEqual([result.code, result.details], [status.NOT_FOUND, "50% of it, äh"]);
});

test("a client that cancels is heard by the server", async () => {
  let cancelled: (() => void) | null = null;
  const isCancelled = new Promise<void>((resolve) => (cancelled = resolve));
  const arrived: { begin(): void } = { begin() {} };
  const hasBegun = new Promise<void>((resolve) => (arrived.begin = resolve));
  const chat = (call: ServerDuplexStream<string, string>): void => {
    call.on("cancelled", () => cancelled?.());
    call.on("data", () => arrived.begin());
  };
  await using on = await stage([{ ...silent, chat }]);
  const call = on.client.chat();
  call.on("error", () => {});
  call.write("hello");
  await hasBegun;
  call.cancel();
  await isCancelled;
});

test("grpc-timeout: a call ends when the client's deadline has passed, for the endpoint too", async () => {
  // A server that does not look at deadlines, and a client that leaves it to Headgate.
  const origin = await startPeerOrigin("h2c", (request) => void request.resume());
  const proxy = await startProxy({ origins: [origin.url], pool: { protocol: "h2" } });
  const client = wordsClient(proxy.port);
  const metadata = new Metadata();
  metadata.set("grpc-timeout", "100m");
  const result = await callUnary(client, "x", {}, metadata);
  assert.equal(result.code, status.DEADLINE_EXCEEDED);
  await origin.changed.until("the call to be called off", () => origin.aborted.length === 1);
  const record = await proxy.record();
  assert.equal(record.cause, "exchange-timeout");
  client.close();
  await proxy.close();
  await origin.close();
});

test("failures of our own are statuses in trailers only: no endpoint, no route, a body too large", async () => {
  await using refused = await stage([], {}, [await refusingPort()]);
  const unavailable = await callUnary(refused.client, "x");
  assert.deepEqual([unavailable.code, unavailable.details], [status.UNAVAILABLE, "502 Bad Gateway"]);
  assert.equal(unavailable.trailers["headgate-cause"], "connect-refused");

  await using unrouted = await stage([echo], {
    config: { routes: [{ match: { path: "/other/*" }, pool: "app" }] },
  });
  assert.equal((await callUnary(unrouted.client, "x")).code, status.UNIMPLEMENTED);

  await using small = await stage([echo], { listener: { limits: { bodyBytes: "1KiB" } } });
  assert.equal((await callUnary(small.client, "x".repeat(5000))).code, status.RESOURCE_EXHAUSTED);
  const record = await small.proxy.record();
  assert.equal(record.cause, "body-too-large");
});

test("a stream that breaks off ends with a status: UNAVAILABLE by the endpoint's death, DEADLINE_EXCEEDED by the route's time", async () => {
  const spread = (call: ServerWritableStream<string, string>): void => {
    call.write("one");
    call.write("two");
  };
  for (const [cause, code] of [
    ["reset-mid-body", status.UNAVAILABLE],
    ["exchange-timeout", status.DEADLINE_EXCEEDED],
  ] as const) {
    const exchange = cause === "exchange-timeout" ? "200ms" : "off";
    await using on = await stage([{ ...silent, spread }], {
      config: { routes: [{ pool: "app", timeouts: { exchange } }] },
    });
    const call = on.client.spread("x");
    const failed = once(call, "error") as Promise<[ServiceError]>;
    const messages: string[] = [];
    call.on("data", (message: string) => {
      messages.push(message);
      if (messages.length === 2 && cause === "reset-mid-body") on.servers[0]?.server.forceShutdown();
    });
    const [error] = await failed;
    assert.deepEqual([error.code, messages], [code, ["one", "two"]], error.details);
    assert.equal(error.metadata.get("headgate-cause")[0], cause);
    assert.equal((await on.proxy.record()).cause, cause);
  }
});

test("calls that end with a listed status are repeated elsewhere, others are not", async () => {
  const seen: string[] = [];
  const pool: NonNullable<ProxyOptions["pool"]> = { retry: { grpcStatuses: ["UNAVAILABLE"] } };
  await using on = await stage([failing(status.UNAVAILABLE, seen), echo], { pool });
  assert.deepEqual(await callUnary(on.client, "a").then(({ code, value }) => [code, value]), [
    status.OK,
    "a!",
  ]);
  assert.deepEqual(seen, ["a"]);
  const record = await on.proxy.record();
  assert.deepEqual(
    record.failedAttempts.map(({ cause, detail }) => [cause, detail]),
    [["retried-status", "grpc-status 14"]],
  );

  await using other = await stage([failing(status.INTERNAL, seen), echo], { pool });
  assert.equal((await callUnary(other.client, "b")).code, status.INTERNAL);
});

test("ten thousand calls over one client connection are spread evenly over four endpoints", async () => {
  const counts = [0, 0, 0, 0];
  const counting = (index: number): UntypedServiceImplementation => ({
    ...silent,
    unary: ((_call, answer) => {
      counts[index] = (counts[index] ?? 0) + 1;
      answer(null, "ok");
    }) satisfies Unary,
  });
  await using on = await stage([0, 1, 2, 3].map(counting), {
    pool: { policy: "round-robin" },
    listener: { http2: { streams: 200 } },
  });
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) assert.equal((await callUnary(on.client, "x")).code, status.OK);
  };
  await Promise.all(Array.from({ length: 100 }, lane));
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    10_000,
  );
  for (const count of counts) assert.ok(Math.abs(count - 2500) <= 50, `spread over ${counts.join(", ")}`);
  assert.equal(on.proxy.streams.accepted.length, 1, "one connection from the client");
  assert.equal(on.proxy.streams.dialled.length, 4, "and one to each endpoint");
});

test("an endpoint that is killed takes with it only the calls in flight on it", async () => {
  const held: (() => void)[][] = [[], [], [], []];
  const holding = (index: number): UntypedServiceImplementation => ({
    ...silent,
    unary: ((call, answer) => {
      if (call.request === "hold") held[index]?.push(() => answer(null, String(index)));
      else answer(null, String(index));
    }) satisfies Unary,
  });
  await using on = await stage([0, 1, 2, 3].map(holding), { pool: { policy: "round-robin" } });
  const calls = Array.from({ length: 40 }, async () => callUnary(on.client, "hold"));
  while (held.flat().length < 40) await new Promise((resolve) => void setImmediate(resolve));
  on.servers[2]?.server.forceShutdown();
  const inFlight = held[2]?.length ?? 0;
  assert.equal(inFlight, 10);
  // Everybody else is served, on the three that are left.
  for (let i = 0; i < 40; i++) {
    const result = await callUnary(on.client, "now");
    assert.equal(result.code, status.OK);
    assert.notEqual(result.value, "2");
  }
  for (const answer of held.flat()) answer();
  const results = await Promise.all(calls);
  const failed = results.filter(({ code }) => code !== status.OK);
  assert.equal(failed.length, inFlight);
  assert.ok(failed.every(({ code }) => code === status.UNAVAILABLE));
});
