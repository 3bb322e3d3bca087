/** States and numbers of HTTP/2 streams (RFC 9113 §5.1), settings (§6.5), PING (§6.7) and flow control (§5.2, §6.9). */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ack,
  block,
  clientPreface,
  code,
  connectFrames,
  data,
  endHeaders,
  endStream,
  frame,
  get,
  getFields,
  number,
  ping,
  post,
  postFields,
  reset,
  settings,
  type,
  window,
} from "../support/frame-client.ts";
import { frameCases } from "../support/frame-cases.ts";
import { startRig } from "../support/rig.ts";

const trailers = frame(type.headers, endStream + endHeaders, 1, block([["x-check", "1"]]));
/** An origin that takes requests and never answers: streams stay open. */
const silent = { behaviours: [{ respond: () => undefined }] };
const big = {
  behaviours: [{ respond: () => `HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${"x".repeat(200_000)}` }],
};

frameCases("an idle stream (§5.1)", [
  { name: "DATA", frames: [data(1, "x")], goAway: code.protocol },
  { name: "RST_STREAM", frames: [reset(1)], goAway: code.protocol },
  { name: "WINDOW_UPDATE", frames: [window(1, 100)], goAway: code.protocol },
  { name: "WINDOW_UPDATE on a stream of the server's", frames: [window(2, 100)], goAway: code.protocol },
]);

frameCases("a stream half-closed by the client (§5.1)", [
  { name: "DATA", frames: [get(1), data(1, "x")], resets: [1, code.streamClosed], rig: silent },
  { name: "HEADERS", frames: [get(1), trailers], resets: [1, code.streamClosed], rig: silent },
  {
    name: "WINDOW_UPDATE and PRIORITY are taken",
    frames: [get(1), window(1, 100), frame(type.priority, 0, 1, "\0\0\0\0\0")],
    answers: [1, 200],
  },
]);

frameCases("a stream the client has reset (§5.1)", [
  {
    name: "WINDOW_UPDATE and RST_STREAM are ignored",
    frames: [post(1), reset(1), window(1, 1000), reset(1), get(3)],
    answers: [3, 200],
  },
  { name: "DATA ends the connection", frames: [post(1), reset(1), data(1, "x")], goAway: code.streamClosed },
  { name: "HEADERS end the connection", frames: [post(1), reset(1), trailers], goAway: code.streamClosed },
]);

frameCases("stream numbers (§5.1.1)", [
  { name: "an even one from a client", frames: [get(2)], goAway: code.protocol },
  { name: "a smaller one than before", frames: [get(5), get(3)], goAway: code.protocol, rig: silent },
  { name: "numbers may be left out", frames: [get(13)], answers: [13, 200] },
]);

test("a stream that both sides have ended takes no further HEADERS (§5.1)", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  client.send(get(1));
  await client.body(1);
  client.send(get(1));
  assert.equal(await client.expectGoAway(code.streamClosed), 1);
});

frameCases("too many streams at once (§5.1.2)", [
  {
    name: "one more than SETTINGS_MAX_CONCURRENT_STREAMS is refused and the others live",
    frames: [get(1), get(3), get(5)],
    resets: [5, code.refused],
    rig: { ...silent, listener: { http2: { streams: 2 } } },
  },
]);

frameCases("settings (§6.5.2)", [
  { name: "ENABLE_PUSH of 2", frames: [settings([2, 2])], goAway: code.protocol },
  { name: "INITIAL_WINDOW_SIZE of 2^31", frames: [settings([4, 2 ** 31])], goAway: code.flowControl },
  { name: "MAX_FRAME_SIZE below 2^14", frames: [settings([5, 16_383])], goAway: code.protocol },
  { name: "MAX_FRAME_SIZE of 2^24", frames: [settings([5, 2 ** 24])], goAway: code.protocol },
  { name: "ENABLE_CONNECT_PROTOCOL of 2 (RFC 8441)", frames: [settings([8, 2])], goAway: code.protocol },
  { name: "unknown settings are ignored", frames: [settings([0xff, 7], [1, 0]), get(1)], answers: [1, 200] },
  {
    name: "the last of several values counts",
    frames: [settings([4, 0], [4, 100]), get(1)],
    answers: [1, 200],
  },
]);

test("the server greets with SETTINGS, acknowledges the client's, and its limits are told", async () => {
  await using rig = await startRig({ listener: { http2: { streams: 77 } } });
  const client = await connectFrames(rig.proxy.port);
  const first = await client.frame("a frame", () => true);
  assert.equal(first.type, type.settings);
  assert.equal(first.flags, 0);
  const told = new Map<number, number>();
  for (let at = 0; at < first.payload.length; at += 6)
    told.set(number(first.payload.slice(at, at + 2)), number(first.payload.slice(at + 2, at + 6)));
  assert.equal(told.get(3), 77);
  assert.equal(told.get(8), 1, "extended CONNECT");
  await client.frame("the acknowledgement", (each) => each.type === type.settings && each.flags === ack);
  client.raw.destroy();
});

test("PING is answered with the same octets, and an answer is not answered (§6.7)", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  client.send(frame(type.ping, ack, 0, "noanswer"), ping("\0\xff\x80\x01\x02\x03\x04\x05"));
  await client.frame("the answer", (each) => each.type === type.ping && each.flags === ack);
  const answers = client.frames.filter((each) => each.type === type.ping);
  assert.deepEqual(
    answers.map(({ payload }) => payload),
    ["\0\xff\x80\x01\x02\x03\x04\x05"],
  );
  client.raw.destroy();
});

frameCases("windows (§6.9)", [
  { name: "the connection's opened by 0", frames: [window(0, 0)], goAway: code.protocol },
  { name: "a stream's opened by 0", frames: [post(1), window(1, 0)], resets: [1, code.protocol] },
  { name: "the connection's beyond 2^31 - 1", frames: [window(0, 2 ** 31 - 1)], goAway: code.flowControl },
  {
    name: "a stream's beyond 2^31 - 1",
    frames: [post(1), window(1, 2 ** 31 - 1)],
    resets: [1, code.flowControl],
  },
  {
    name: "a stream's beyond 2^31 - 1 by a change of settings",
    frames: [get(1), window(1, 1000), settings([4, 2 ** 31 - 1])],
    goAway: code.flowControl,
    rig: silent,
  },
]);

test("a response keeps to the stream's window, goes on when it opens, and stops when a setting makes it negative", async () => {
  await using rig = await startRig(big);
  const client = await connectFrames(rig.proxy.port, clientPreface + settings([4, 10]));
  const received = (): number =>
    client.frames
      .filter((each) => each.type === type.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  client.send(get(1));
  await client.frame("the first bytes", () => received() === 10);
  // Ten more bytes allowed, and then twenty fewer than before: nothing may come.
  client.send(settings([4, 0]), window(1, 5));
  await client.expectAlive();
  assert.equal(received(), 10);
  client.send(window(1, 6));
  await client.frame("one byte", () => received() === 11);
  client.send(window(1, 300_000), window(0, 300_000));
  assert.equal((await client.body(1)).length, 200_000);
  client.raw.destroy();
});

test("responses keep to the connection's window together", async () => {
  await using rig = await startRig(big);
  const client = await connectFrames(rig.proxy.port, clientPreface + settings([4, 1_000_000]));
  const received = (): number =>
    client.frames
      .filter((each) => each.type === type.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  client.send(get(1), get(3));
  await client.frame("a window's worth", () => received() === 65_535);
  await client.expectAlive();
  assert.equal(received(), 65_535);
  client.send(window(0, 1_000_000));
  assert.equal((await client.body(1)).length + (await client.body(3)).length, 400_000);
  client.raw.destroy();
});

test("a client that sends beyond a stream's window loses the stream, beyond the connection's all of it (§6.9.1)", async () => {
  const http2 = { streamWindow: 65_535, connectionWindow: 131_072 };
  await using rig = await startRig({ ...silent, listener: { http2 } });
  const client = await connectFrames(rig.proxy.port);
  // What is sent ahead on a tunnel that is not open yet earns no credit.
  const tunnel = [[":method", "CONNECT"], [":protocol", "websocket"], ...getFields.slice(1)] as const;
  const ahead = (streamId: number, bytes: number): string[] => [
    frame(type.headers, endHeaders, streamId, block(tunnel)),
    ...Array.from({ length: bytes / 10_000 }, () => data(streamId, "x".repeat(10_000))),
  ];
  client.send(...ahead(1, 60_000), data(1, "x".repeat(5536)));
  await client.expectReset(1, code.flowControl);
  client.send(...ahead(3, 60_000), ...ahead(5, 60_000));
  await client.expectAlive();
  client.send(...ahead(7, 20_000));
  await client.expectGoAway(code.flowControl);
});

test("what a client sends on streams that were reset is given back to the connection's window", async () => {
  await using rig = await startRig({
    ...silent,
    listener: { http2: { streamWindow: 65_535, connectionWindow: 65_535 } },
  });
  const client = await connectFrames(rig.proxy.port);
  for (let streamId = 1; streamId < 20; streamId += 2) {
    client.send(
      post(streamId, [["content-length", "1"]]),
      data(streamId, "x".repeat(16_000)),
      data(streamId, "x".repeat(16_000)),
    );
    await client.expectReset(streamId, code.protocol);
    await client.expectAlive();
  }
  client.raw.destroy();
});

test("trailers may follow a body, and a body nothing else (§8.1)", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  client.send(frame(type.headers, endHeaders, 1, block(postFields)), data(1, "body"), trailers);
  assert.equal(await client.status(1), 200);
  const [request] = rig.origin.requests;
  assert.match(request?.raw ?? "", /x-check: 1/);
  client.raw.destroy();
});
