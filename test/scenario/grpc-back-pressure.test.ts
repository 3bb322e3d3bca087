/**
 * gRPC calls that stream both ways: who reads slowly stops who writes, in either direction, while the other
 * direction and other calls on the same connections go on. The server is grpc-js; its client reads ahead whatever
 * the caller does, so the client here is a stream of node:http2.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { test } from "node:test";
import type { ServerDuplexStream, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { startWords } from "../support/grpc-peers.ts";
import { Signal, turns } from "../support/signal.ts";
import { startProxy, type TestProxy } from "../support/start-proxy.ts";

const message = "m".repeat(16_384);
const messageCount = 512;
const windows = { streamWindow: "64KiB", connectionWindow: "1MiB" } as const;
/** What Headgate may have taken in when nobody reads: its window, the reader's, and what waits between the two. */
const takenMax = 4 * 65_536;
/** Nothing has moved for so many turns of the event loop that the three share. */
const quietTurns = 300;

type FarCall = ServerDuplexStream<string, string>;

interface Stage extends AsyncDisposable {
  readonly proxy: TestProxy;
  readonly near: http2.ClientHttp2Stream;
  readonly far: FarCall;
  /** A call beside it on the same connections. */
  besides(): Promise<string>;
}

/** Length-prefixed, not compressed. */
function framed(text: string): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

function fieldsOf(method: string): http2.OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":path": `/test.Words/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  };
}

async function startStage(): Promise<Stage> {
  let arrived: ((call: FarCall) => void) | null = null;
  const begun = new Promise<FarCall>((resolve) => (arrived = resolve));
  const implementation: UntypedServiceImplementation = {
    unary: (call: ServerUnaryCall<string, string>, answer: (error: null, value: string) => void) =>
      answer(null, call.request),
    collect: () => {},
    spread: () => {},
    chat: (call: FarCall) => {
      call.on("error", () => {});
      arrived?.(call);
    },
  };
  const { port, server } = await startWords(implementation);
  const proxy = await startProxy({
    origins: [port],
    listener: { http2: windows },
    pool: { protocol: "h2", http2: windows },
  });
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`);
  session.on("error", () => {});
  const near = session.request(fieldsOf("Chat"));
  near.on("error", () => {});
  return {
    proxy,
    near,
    far: await begun,
    async besides() {
      const call = session.request(fieldsOf("Unary"));
      call.end(framed("besides"));
      return (await call.toArray()).join("").slice(5);
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      server.forceShutdown();
      await proxy.close();
    },
  };
}

/** Until nothing comes any more; returns what has come since `startBytes`. */
async function takenIn({ streams }: TestProxy, startBytes: number): Promise<number> {
  for (let last = -1; last !== streams.bytesRead;) {
    last = streams.bytesRead;
    await turns(quietTurns);
  }
  return streams.bytesRead - startBytes;
}

function assertBounded(taken: number): void {
  assert.ok(taken > message.length, `only ${taken} octets came`);
  assert.ok(taken <= takenMax, `${taken} octets were taken in`);
}

test("gRPC both streaming: a server that does not read stops the client, and nothing is lost", async () => {
  await using on = await startStage();
  const { proxy, near, far } = on;
  const startBytes = proxy.streams.bytesRead;
  for (let i = 0; i < messageCount; i++) near.write(framed(message));
  assertBounded(await takenIn(proxy, startBytes));
  assert.equal(await on.besides(), "besides");
  const heard = once(near, "data") as Promise<[Buffer]>;
  far.write("the other way is free");
  assert.equal((await heard)[0].toString("latin1", 5), "the other way is free");
  near.end();
  assert.deepEqual(
    await far.toArray(),
    Array.from({ length: messageCount }, () => message),
  );
});

test("gRPC both streaming: a client that does not read stops the server, and nothing is lost", async () => {
  await using on = await startStage();
  const { proxy, near, far } = on;
  const startBytes = proxy.streams.bytesRead;
  for (let i = 0; i < messageCount; i++) far.write(message);
  assertBounded(await takenIn(proxy, startBytes));
  assert.equal(await on.besides(), "besides");
  const heard = once(far, "data") as Promise<[string]>;
  near.write(framed("the other way is free"));
  assert.equal((await heard)[0], "the other way is free");
  const read = new Signal();
  let received = 0;
  near.on("data", (bytes: Buffer) => {
    received += bytes.length;
    read.notify();
  });
  await read.until("all messages", () => received === messageCount * (message.length + 5));
});
