/**
 * Heads over HTTP/2 that are larger than they may be: within twice the limit (four times, from an endpoint) they cost
 * their own exchange only. What shares the connection goes on, for the rest of the head is read and thrown away.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  block,
  code,
  connectFrames,
  endHeaders,
  endStream,
  frame,
  get,
  getFields,
  type,
} from "../support/frame-client.ts";
import { startRig } from "../support/rig.ts";
import { startProxy } from "../support/start-proxy.ts";

const frameMax = 16_384;

/** A request whose block takes as many frames as it needs. */
function largeGet(streamId: number, octets: number): string {
  const whole = block([...getFields, ["x-large", "y".repeat(octets)]]);
  const pieces = Array.from({ length: Math.ceil(whole.length / frameMax) }, (_, index) =>
    whole.slice(index * frameMax, (index + 1) * frameMax),
  );
  return pieces
    .map((piece, index) => {
      const flags = (index === 0 ? endStream : 0) + (index === pieces.length - 1 ? endHeaders : 0);
      return frame(index === 0 ? type.headers : type.continuation, flags, streamId, piece);
    })
    .join("");
}

test("a request's head of less than twice the limit is answered 431, and the connection goes on", async () => {
  await using rig = await startRig({ listener: { limits: { headBytes: "32KiB" } } });
  const client = await connectFrames(rig.proxy.port);
  for (const [streamId, octets] of [
    [1, 33_000],
    [3, 64_000],
  ] as const) {
    client.send(largeGet(streamId, octets));
    assert.equal(await client.status(streamId), 431);
  }
  client.send(get(5));
  assert.equal(await client.status(5), 200);
  client.send(largeGet(7, 70_000));
  await client.expectGoAway(code.calm);
});

test("an endpoint's head that is too large fails its own exchange, and no other on the connection", async (t) => {
  const server = http2.createServer({ maxSendHeaderBlockLength: 1_000_000 });
  const held: http2.ServerHttp2Stream[] = [];
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => {});
    if (headers[":path"] === "/held") return void held.push(stream);
    stream.respond({ ":status": 200, "x-large": "z".repeat(150_000) }, { endStream: true });
    // Behind it on the same connection.
    for (const other of held) other.respond({ ":status": 204 }, { endStream: true });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const proxy = await startProxy({
    origins: [(server.address() as AddressInfo).port],
    pool: { protocol: "h2", limits: { responseHeadBytes: "64KiB" } },
  });
  t.after(() => proxy.close());
  const client = await connectFrames(proxy.port);
  const fields = getFields.map(([name, value]) => [name, name === ":path" ? "/held" : value] as const);
  const arrived = once(server, "stream");
  client.send(frame(type.headers, endStream + endHeaders, 1, block(fields)));
  await arrived;
  client.send(get(3));
  assert.equal(await client.status(3), 502);
  assert.equal(await client.status(1), 204);
  assert.deepEqual(
    proxy.records.map(({ cause }) => cause),
    ["response-head-too-large", null],
  );
  client.raw.destroy();
});
