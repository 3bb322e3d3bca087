/** HTTP/2 as a weapon: each attack ends with its connection at a bounded cost, and other clients are served meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
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
  octets,
  ping,
  post,
  reset,
  settings,
  type,
  window,
} from "../support/frame-client.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const http2 = { resetsPerSecond: 10, framesPerSecond: 20 };
const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");
const plain = block(getFields);

/** Frames that must end the connection with ENHANCE_YOUR_CALM. */
const floods: readonly (readonly [name: string, frames: string])[] = [
  ["rapid reset", repeat(500, (index) => post(index * 2 + 1) + reset(index * 2 + 1))],
  [
    "resets provoked by malformed requests",
    repeat(500, (index) => post(index * 2 + 1, [["connection", "x"]])),
  ],
  [
    "resets provoked by windows of 0",
    repeat(500, (index) => post(index * 2 + 1) + frame(type.window, 0, index * 2 + 1, octets(0, 4))),
  ],
  ["PING", repeat(1000, () => ping())],
  ["SETTINGS", repeat(1000, () => settings([4, 65_535]))],
  ["PRIORITY", repeat(1000, () => frame(type.priority, 0, 1, octets(0, 5)))],
  ["PRIORITY_UPDATE", repeat(1000, () => frame(16, 0, 0, `${octets(1, 4)}u=1,i`))],
  ["empty HEADERS", repeat(500, (index) => frame(type.headers, endStream + endHeaders, index * 2 + 1))],
  ["windows opened by crumbs", post(1) + repeat(1000, () => window(1, 1))],
  ["unknown frames", repeat(1000, () => frame(200, 0, 0, "x"))],
  ["empty DATA", post(1) + repeat(1000, () => data(1, ""))],
  ["DATA of nothing but padding", post(1) + repeat(1000, () => data(1, "\x01\0", 8))],
  [
    "CONTINUATION without end",
    frame(type.headers, endStream, 1, plain) +
      repeat(1000, () => frame(type.continuation, 0, 1, "\x00\x01x\x01y")),
  ],
  [
    "empty CONTINUATION",
    frame(type.headers, endStream, 1, plain) + repeat(10, () => frame(type.continuation, 0, 1)),
  ],
];

for (const [name, frames] of floods) {
  test(`${name}: the connection ends, others are served`, async () => {
    await using rig = await startRig({ listener: { http2 } });
    const other = await connectFrames(rig.proxy.port);
    const attacker = await connectFrames(rig.proxy.port);
    attacker.send(frames);
    other.send(get(1));
    await attacker.expectGoAway(code.calm);
    assert.equal(await other.status(1), 200);
    other.send(get(3));
    assert.equal(await other.status(3), 200);
    other.raw.destroy();
  });
}

test("an HPACK bomb unfolds to no more than the limit and is answered 431", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  const large = `\x40\x05x-big\x7f${octets(0x80 + ((3900 - 127) % 128), 1)}${octets(Math.floor((3900 - 127) / 128), 1)}${"y".repeat(3900)}`;
  client.send(frame(type.headers, endStream + endHeaders, 1, plain + large));
  assert.equal(await client.status(1), 200);
  // Each octet stands for 3,900.
  client.send(frame(type.headers, endStream + endHeaders, 3, plain + "\xbe".repeat(10_000)));
  assert.equal(await client.status(3), 431);
  await client.expectAlive();
  client.raw.destroy();
});

const large = "x".repeat(2_000_000);
const largeAnswer = `HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n${large}`;
const smallAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const streamsMax = 128;
const streamIds = Array.from({ length: streamsMax }, (_, index) => index * 2 + 1);

/** Every socket is full, or everything has been read. */
async function untilNothingIsRead({ proxy }: Rig): Promise<void> {
  for (let before = -1; before !== proxy.streams.bytesRead;) {
    before = proxy.streams.bytesRead;
    for (let round = 0; round < 20; round++) await turns();
  }
}

for (const [name, initialWindow] of [
  ["no windows", 0],
  ["windows of one octet", 1],
] as const) {
  test(`many large responses for ${name}: little is taken from the endpoint, others are served`, async () => {
    await using rig = await startRig({
      behaviours: [{ respond: (request) => (request.head.startsWith("GET / ") ? largeAnswer : smallAnswer) }],
    });
    const staller = await connectFrames(rig.proxy.port, clientPreface + settings([4, initialWindow]));
    staller.send(...streamIds.map((streamId) => get(streamId)));
    for (const streamId of streamIds) assert.equal(await staller.status(streamId), 200);
    for (let round = 0; round < 20; round++) {
      if (initialWindow > 0) staller.send(...streamIds.map((streamId) => window(streamId, 256)));
      const other = await rig.connect();
      other.send("GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assert.equal((await other.readResponse()).status, 200);
    }
    await staller.expectAlive();
    // One MiB for all of them, and beside it a read's worth for each.
    const { bytesRead } = rig.proxy.streams;
    assert.ok(bytesRead <= 1024 * 1024 + streamsMax * 32 * 1024, `${bytesRead} octets were read`);
    staller.raw.destroy();
  });
}

test("a client that never reads: its responses end after the time for bodies, and its connection with them", async () => {
  const clock = new VirtualClock();
  await using rig = await startRig({
    clock,
    listener: { timeouts: { bodyIdle: "10s", keepAliveIdle: "20s" } },
    behaviours: [{ respond: () => largeAnswer }],
  });
  const client = await connectFrames(
    rig.proxy.port,
    clientPreface + settings([4, 2 ** 31 - 1]) + window(0, 2 ** 30),
  );
  await client.expectAlive();
  client.raw.socket.pause();
  client.send(...streamIds.map((streamId) => get(streamId)));
  await rig.origin.awaitConnection(streamsMax);
  await untilNothingIsRead(rig);
  clock.advance(11_000);
  await rig.proxy.changed.until("every exchange to end", () => rig.proxy.records.length === streamsMax);
  // The kernel may have taken the first ones whole.
  const stalled = rig.proxy.records.filter(({ cause }) => cause === "client-stalled");
  assert.ok(stalled.length > streamsMax / 2, `${stalled.length} were ended`);
  clock.advance(25_000);
  clock.advance(2000);
  await rig.proxy.changed.until("the connection to end", () => rig.proxy.listener.connections === 0);
  client.raw.destroy();
});

test("a client that opens no window makes Headgate hold little and does not hold up others", async () => {
  const body = "x".repeat(5_000_000);
  await using rig = await startRig({
    behaviours: [{ respond: () => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}` }],
  });
  const staller = await connectFrames(rig.proxy.port, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings([4, 0])}`);
  for (let streamId = 1; streamId < 40; streamId += 2) staller.send(get(streamId));
  for (let streamId = 1; streamId < 40; streamId += 2) assert.equal(await staller.status(streamId), 200);
  const other = await connectFrames(
    rig.proxy.port,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings([4, 2 ** 31 - 1])}${frame(type.window, 0, 0, octets(2 ** 30, 4))}`,
  );
  other.send(get(1));
  assert.equal((await other.body(1)).length, body.length);
  assert.equal(staller.frames.filter((each) => each.type === type.data && each.payload !== "").length, 0);
  staller.raw.destroy();
  other.raw.destroy();
});
