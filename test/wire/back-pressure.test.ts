/**
 * A slow reader slows the sender down, in both directions, and Headgate keeps only a bounded part of
 * the body in memory meanwhile.
 */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import type { ByteStream } from "../../src/core/transport.ts";

/** What may wait in memory for one direction: the high-water mark and one read. */
const backlogMax = 256 * 1024;
/** More than the kernel's buffers between the three can hold. */
const bodyBytes = 40_000_000;

/** Until `progress` stands still; returns the largest backlog seen. */
async function watchBacklog(stream: ByteStream, progress: () => number): Promise<number> {
  let largest = 0;
  for (let last = -1; last !== progress();) {
    last = progress();
    for (let i = 0; i < 100; i++) {
      await turns(1);
      largest = Math.max(largest, stream.writeBacklog);
    }
  }
  return largest;
}

for (const framing of ["a length", "chunks"] as const) {
  testOverTransports(
    `A client that does not read a response with ${framing} stops the origin`,
    async (transport) => {
      const piece = "r".repeat(1_000_000);
      const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;
      const pieces = bodyBytes / piece.length;
      await using rig = await startRig({
        transport,
        behaviours: [
          {
            respond(_request, connection) {
              if (framing === "a length") {
                connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
                for (let i = 0; i < pieces; i++) connection.write(piece);
              } else {
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                for (let i = 0; i < pieces; i++) connection.write(chunk);
                connection.write("0\r\n\r\n");
              }
            },
          },
        ],
      });
      const client = await rig.connect();
      client.socket.pause();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await rig.origin.awaitRequest();
      const [connection] = rig.origin.connections;
      const [stream] = rig.proxy.streams.accepted;
      assert.ok(connection !== undefined && stream !== undefined);
      const sent = (): number => connection.socket.bytesWritten - connection.socket.writableLength;
      const largest = await watchBacklog(stream, sent);
      assert.ok(connection.socket.writableLength > bodyBytes / 4, "the origin could not get rid of its body");
      assert.ok(largest <= backlogMax, `${largest} bytes waited in memory`);
      let received = 0;
      client.socket.removeAllListeners("data");
      client.socket.on("data", (bytes: Buffer) => {
        received += bytes.length;
        client.changed.notify();
      });
      client.socket.resume();
      await client.changed.until("the whole body", () => received >= bodyBytes);
      const record = await rig.proxy.record();
      assert.equal(record.cause, null);
      assert.equal(record.responseBodyBytes, bodyBytes);
    },
  );

  testOverTransports(
    `An origin that does not read a request with ${framing} stops the client`,
    async (transport) => {
      await using rig = await startRig({
        transport,
        behaviours: [{ isReadingRequests: false, onConnection: ({ socket }) => void socket.pause() }],
      });
      const client = await rig.connect();
      const piece = "s".repeat(1_000_000);
      const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;
      const head = framing === "a length" ? `Content-Length: ${bodyBytes}` : "Transfer-Encoding: chunked";
      client.send(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
      for (let i = 0; i < bodyBytes / piece.length; i++) client.send(framing === "a length" ? piece : chunk);
      if (framing === "chunks") client.send("0\r\n\r\n");
      const connection = await rig.origin.awaitConnection();
      while (rig.proxy.streams.dialled.length === 0) await turns(1);
      const [stream] = rig.proxy.streams.dialled;
      assert.ok(stream !== undefined);
      const sent = (): number => client.socket.bytesWritten - client.socket.writableLength;
      const largest = await watchBacklog(stream, sent);
      assert.ok(client.socket.writableLength > bodyBytes / 4, "the client could not get rid of its body");
      assert.ok(largest <= backlogMax, `${largest} bytes waited in memory`);
      let received = 0;
      connection.socket.removeAllListeners("data");
      connection.socket.on("data", (bytes: Buffer) => {
        received += bytes.length;
        if (
          received >= bodyBytes &&
          bytes.toString("latin1").endsWith(framing === "chunks" ? "0\r\n\r\n" : "s")
        ) {
          connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
      });
      connection.socket.resume();
      assert.equal((await client.readResponse()).status, 200);
      assert.equal((await rig.proxy.record()).requestBodyBytes, bodyBytes);
    },
  );
}

testOverTransports("A client that leaves while it held everything up frees everything", async (transport) => {
  const piece = "r".repeat(1_000_000);
  await using rig = await startRig({
    transport,
    behaviours: [
      {
        respond(_request, connection) {
          connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
          for (let i = 0; i < bodyBytes / piece.length; i++) connection.write(piece);
        },
      },
    ],
  });
  const client = await rig.connect();
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await rig.origin.awaitRequest();
  const [connection] = rig.origin.connections;
  const [stream] = rig.proxy.streams.accepted;
  assert.ok(connection !== undefined && stream !== undefined);
  await watchBacklog(stream, () => connection.socket.bytesWritten - connection.socket.writableLength);
  client.reset();
  assert.equal((await rig.proxy.record()).cause, "client-gone");
  await rig.origin.changed.until(
    "the origin's connection to end",
    () => connection.isClosed || connection.departure !== null,
  );
});
