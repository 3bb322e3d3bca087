/** HTTP/2 as a weapon: each attack ends with its connection at a bounded cost, and other clients are served meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
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
} from "../support/frame-client.ts";
import { startRig } from "../support/rig.ts";

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
    await attacker.expectGoAway(code.calm);
    other.send(get(1));
    assert.equal(await other.status(1), 200);
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
