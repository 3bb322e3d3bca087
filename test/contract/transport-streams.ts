/**
 * The part of the transport contract that concerns one stream, accepted or dialled (`ByteStream` in
 * `src/core/transport.ts`). The far end is always one of Node's own sockets.
 */
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import type { ByteStream, DialTarget } from "../../src/core/transport.ts";
import { connectRaw, RawClient } from "../support/raw-client.ts";
import { turns } from "../support/signal.ts";
import { recordStream, type StreamRecorder } from "../support/stream-recorder.ts";
import type { Transport } from "../support/transports.ts";

export const loopback = {
  kind: "tcp",
  address: "127.0.0.1",
  port: 0,
  isPortShared: false,
  isIpv6Only: false,
} as const;

interface Pair {
  readonly stream: ByteStream;
  readonly told: StreamRecorder;
  readonly peer: RawClient;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An accepted stream and the client at its far end. */
async function acceptedPair({ acceptor }: Transport): Promise<Pair> {
  const accepted = Promise.withResolvers<ByteStream>();
  const bound = await acceptor.listen(loopback, 16, (stream) => accepted.resolve(withRecorder(stream)));
  const peer = await connectRaw(bound.port);
  const stream = await accepted.promise;
  return pair(stream, peer, () => bound.close());
}

/** A dialled stream and the server's socket at its far end. */
async function dialledPair({ dialer }: Transport): Promise<Pair> {
  const server = net.createServer({ allowHalfOpen: true });
  const peerSocket = new Promise<net.Socket>((resolve) => void server.once("connection", resolve));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const stream = await dial(dialer, { kind: "tcp", address: "127.0.0.1", port });
  return pair(stream, new RawClient(await peerSocket), () => void server.close());
}

/** The stream with a recorder for its handler. */
export function withRecorder(stream: ByteStream): ByteStream {
  recordStream(stream);
  return stream;
}

function pair(stream: ByteStream, peer: RawClient, close: () => unknown): Pair {
  return {
    stream,
    told: stream.handler as StreamRecorder,
    peer,
    async [Symbol.asyncDispose]() {
      peer.destroy();
      stream.destroy();
      await close();
    },
  };
}

export function dial(dialer: Transport["dialer"], target: DialTarget): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    dialer.dial(target, null, {
      onConnected: (stream) => resolve(withRecorder(stream)),
      onDialFailed: (errorCode) => reject(new Error(errorCode)),
    });
  });
}

/** Runs the suite on both kinds of streams. */
export function testStreams(transport: Transport): void {
  testStream(`${transport.name}, accepted`, () => acceptedPair(transport));
  testStream(`${transport.name}, dialled`, () => dialledPair(transport));
}

function testStream(name: string, makePair: () => Promise<Pair>): void {
  const streamTest = (what: string, body: (pair: Pair) => Promise<void>): void => {
    test(`A stream (${name}) ${what}`, { timeout: 60_000 }, async () => {
      await using made = await makePair();
      await body(made);
    });
  };

  streamTest("sends text and bytes in order, one byte for each code point", async ({ stream, peer }) => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
    stream.writeText(all);
    stream.writeBytes(Buffer.from("bytes"));
    stream.writeText("");
    stream.writeText("end");
    await peer.readUntil("end");
    assert.equal(peer.received, `${all}bytesend`);
  });

  streamTest("receives what the far end sends", async ({ told, peer }) => {
    peer.send("hello");
    await told.awaitReceived(5);
    assert.equal(told.received, "hello");
    assert.deepEqual(told.events, ["data"]);
  });

  streamTest("hands memory back when the kernel took it", async ({ stream, peer }) => {
    const memory = Buffer.from("first");
    assert.equal(stream.writeBytes(memory), true);
    memory.write("XXXXX");
    assert.equal(stream.writeBacklog, 0);
    await peer.readUntil("first");
  });

  streamTest(
    "tells of its backlog while the far end does not read, and once when it is gone",
    async ({ stream, told, peer }) => {
      peer.socket.pause();
      const piece = Buffer.alloc(100_000, "x");
      let sent = 0;
      while (stream.writeBytes(Buffer.from(piece))) {
        sent += piece.length;
        await turns(1);
      }
      sent += piece.length;
      stream.writeText("and text");
      sent += 8;
      assert.ok(stream.writeBacklog > 0 && stream.writeBacklog <= piece.length + 8, `${stream.writeBacklog}`);
      await turns(20);
      assert.equal(told.drainCount, 0);
      peer.socket.resume();
      await peer.changed.until("everything", () => peer.received.length === sent);
      await told.changed.until("the backlog to be gone", () => told.drainCount > 0);
      assert.equal(told.drainCount, 1);
      assert.equal(stream.writeBacklog, 0);
      assert.ok(peer.received.endsWith("and text"));
    },
  );

  streamTest("also tells when even a small backlog is gone", async ({ stream, told, peer }) => {
    peer.socket.pause();
    while (stream.writeBytes(Buffer.alloc(4096, "x"))) await turns(1);
    assert.ok(stream.writeBacklog <= 4096);
    peer.socket.resume();
    await told.changed.until("the backlog to be gone", () => told.drainCount === 1);
  });

  streamTest("reads nothing while paused and loses nothing", async ({ stream, told, peer }) => {
    peer.send("before");
    await told.awaitReceived(6);
    stream.pause();
    stream.pause();
    peer.send("after");
    await turns(20);
    assert.equal(told.received, "before");
    stream.resume();
    stream.resume();
    await told.awaitReceived(11);
    assert.equal(told.received, "beforeafter");
  });

  streamTest("may pause inside a read", async ({ stream, told, peer }) => {
    const total = 500_000;
    stream.handler = {
      onData(buffer, length) {
        told.onData(buffer, length);
        stream.pause();
      },
      onEnd: () => told.onEnd(),
      onDrain: () => told.onDrain(),
      onClosed: (errorCode) => told.onClosed(errorCode),
    };
    peer.send("x".repeat(total));
    while (told.received.length < total) {
      const { readCount } = told;
      await told.changed.until("a read", () => told.readCount > readCount || told.received.length === total);
      const after = told.readCount;
      await turns(3);
      assert.equal(told.readCount, after, "nothing is read while paused");
      stream.resume();
    }
  });

  streamTest("hears the far end half-close and can still send", async ({ stream, told, peer }) => {
    peer.send("last words");
    peer.end();
    await told.awaitEvent("end");
    assert.deepEqual(told.events, ["data", "end"]);
    stream.writeText("answer");
    await peer.readUntil("answer");
    stream.end();
    assert.equal(await peer.ended(), "fin");
    await told.awaitEvent("closed well");
    assert.deepEqual(told.events, ["data", "end", "closed well"]);
  });

  streamTest("half-closes behind all it has to send and can still hear", async ({ stream, told, peer }) => {
    peer.socket.pause();
    const size = 6_000_000;
    stream.writeBytes(Buffer.alloc(size, "x"));
    stream.end();
    stream.end();
    await turns(10);
    peer.socket.resume();
    assert.equal(await peer.ended(), "fin");
    assert.equal(peer.received.length, size);
    peer.send("answer");
    await told.awaitReceived(6);
    peer.end();
    await told.awaitEvent("closed well");
    assert.deepEqual(told.events, ["data", "end", "closed well"]);
  });

  streamTest("takes its leave behind all it has to send", async ({ stream, told, peer }) => {
    peer.socket.pause();
    const size = 6_000_000;
    stream.writeBytes(Buffer.alloc(size, "x"));
    stream.close();
    stream.close();
    peer.send("too late");
    await turns(10);
    assert.deepEqual(told.events, []);
    peer.socket.resume();
    assert.equal(await peer.ended(), "fin");
    assert.equal(peer.received.length, size);
    await told.awaitEvent("closed well");
    assert.deepEqual([told.events, told.drainCount], [["closed well"], 0]);
  });

  streamTest("takes its leave of a far end that says nothing", async ({ stream, told, peer }) => {
    stream.writeText("goodbye");
    stream.close();
    await told.awaitEvent("closed well");
    stream.close();
    assert.equal(await peer.ended(), "fin");
    assert.equal(peer.received, "goodbye");
    assert.deepEqual(told.events, ["closed well"]);
  });

  streamTest("takes its leave after its end, too", async ({ stream, told, peer }) => {
    stream.end();
    assert.equal(await peer.ended(), "fin");
    assert.deepEqual(told.events, []);
    stream.close();
    await told.awaitEvent("closed well");
    assert.deepEqual(told.events, ["closed well"]);
  });

  streamTest("may be destroyed while it takes its leave", async ({ stream, told, peer }) => {
    peer.socket.pause();
    stream.writeBytes(Buffer.alloc(6_000_000, "x"));
    stream.close();
    await turns(10);
    assert.deepEqual(told.events, []);
    stream.destroy();
    await told.awaitEvent("closed well");
    assert.deepEqual(told.events, ["closed well"]);
  });

  streamTest("is destroyed once, and nothing follows", async ({ stream, told, peer }) => {
    stream.destroy();
    stream.destroy();
    await told.awaitEvent("closed well");
    stream.writeText("x");
    assert.equal(stream.writeBytes(Buffer.from("x")), true);
    stream.pause();
    stream.resume();
    stream.useBulkBuffer(true);
    stream.end();
    stream.reset();
    assert.equal(stream.writeBacklog, 0);
    peer.send("x");
    assert.equal(await peer.ended(), "fin");
    await turns(10);
    assert.deepEqual(told.events, ["closed well"]);
  });

  streamTest("may be destroyed inside a read", async ({ stream, told, peer }) => {
    stream.handler = {
      onData: () => stream.destroy(),
      onEnd: () => told.onEnd(),
      onDrain: () => told.onDrain(),
      onClosed: (errorCode) => told.onClosed(errorCode),
    };
    peer.send("x");
    await told.awaitEvent("closed well");
    await turns(10);
    assert.deepEqual(told.events, ["closed well"]);
  });

  streamTest("can be reset", async ({ stream, told, peer }) => {
    stream.writeText("x");
    await peer.readUntil("x");
    stream.reset();
    assert.equal(await peer.ended(), "reset");
    await told.awaitEvent("closed well");
    assert.deepEqual(told.events, ["closed well"]);
  });

  streamTest("is gone when it is reset right after its end", async ({ stream, told, peer }) => {
    stream.end();
    stream.reset();
    await told.awaitEvent("closed well");
    // Whoever sends to a connection that nobody holds any more hears of it.
    for (let i = 0; i < 500 && !peer.socket.destroyed; i++) {
      peer.send("x");
      await turns(2);
    }
    assert.ok(peer.socket.destroyed, "the connection is still there");
  });

  streamTest("hears a reset of the far end", async ({ told, peer }) => {
    peer.send("x");
    await told.awaitReceived(1);
    peer.reset();
    await told.awaitEvent("closed ECONNRESET");
    assert.deepEqual(told.events, ["data", "closed ECONNRESET"]);
  });

  streamTest(
    "survives sending to a far end that is gone, and hears of it",
    async ({ stream, told, peer }) => {
      peer.destroy();
      for (let i = 0; i < 100 && !told.events.some((event) => event.startsWith("closed")); i++) {
        stream.writeText("x".repeat(1000));
        await turns(2);
      }
      await told.changed.until("the end of the stream", () =>
        told.events.some((event) => /^(?:end|closed)/.test(event)),
      );
    },
  );

  streamTest("changes hands", async ({ stream, told, peer }) => {
    peer.send("one");
    await told.awaitReceived(3);
    const next = recordStream(stream);
    peer.send("two");
    peer.end();
    await next.awaitEvent("end");
    assert.equal(told.received, "one");
    assert.equal(next.received, "two");
    assert.deepEqual(told.events, ["data"]);
  });

  streamTest(
    "lends memory that may be kept when it is private and is said to be kept",
    async ({ stream, told, peer }) => {
      const kept: Buffer[] = [];
      let bytes = 0;
      stream.handler = {
        onData(buffer, length) {
          const span = buffer.subarray(0, length);
          kept.push(stream.isReadBufferShared ? Buffer.from(span) : span);
          if (!stream.isReadBufferShared) stream.replaceReadBuffer();
          bytes += length;
          told.changed.notify();
        },
        onEnd: () => told.onEnd(),
        onDrain: () => told.onDrain(),
        onClosed: (errorCode) => told.onClosed(errorCode),
      };
      stream.useBulkBuffer(true);
      const sent = Array.from({ length: 300_000 }, (_, i) => String(i).padStart(7, " ")).join("");
      peer.send(sent);
      await told.changed.until("all of it", () => bytes === sent.length);
      stream.useBulkBuffer(false);
      peer.send("more");
      await told.changed.until("the rest", () => bytes === sent.length + 4);
      assert.equal(Buffer.concat(kept).toString("latin1"), `${sent}more`);
    },
  );

  streamTest("knows both ends", async ({ stream, peer }) => {
    assert.equal(stream.remoteAddress, "127.0.0.1");
    assert.equal(stream.remotePort, peer.socket.localPort);
    assert.equal(stream.localAddress, "127.0.0.1");
    assert.equal(stream.localPort, peer.socket.remotePort);
  });
}
