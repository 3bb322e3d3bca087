/** Header compression on the wire (RFC 7541): what a client may do to our table, and what ends the connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
  code,
  connectFrames,
  endHeaders,
  endStream,
  frame,
  getFields,
  literal,
  type,
} from "../support/frame-client.ts";
import { frameCases } from "../support/frame-cases.ts";
import { startRig } from "../support/rig.ts";

const plain = block(getFields);

function request(headerBlock: string, streamId = 1): string {
  return frame(type.headers, endStream + endHeaders, streamId, headerBlock);
}

/** Literal with incremental indexing, new name. */
function indexed(name: string, value: string): string {
  return `\x40${literal(name, value).slice(1)}`;
}

frameCases("header blocks that break compression", [
  { name: "index 0 (§6.1)", frames: [request(`${plain}\x80`)], goAway: code.compression },
  {
    name: "an index beyond both tables (§2.3.3)",
    frames: [request(`${plain}\xbe`)],
    goAway: code.compression,
  },
  {
    name: "a name's index beyond both tables",
    frames: [request(`${plain}\x7f\x00\x01x`)],
    goAway: code.compression,
  },
  {
    name: "an integer that never ends (§5.1)",
    frames: [request(`${plain}\xff\xff\xff\xff\xff\xff\xff\x7f`)],
    goAway: code.compression,
  },
  { name: "an integer cut off", frames: [request(`${plain}\xff\xff`)], goAway: code.compression },
  {
    name: "a string longer than the block (§5.2)",
    frames: [request(`${plain}\x00\x01x\x7e short`)],
    goAway: code.compression,
  },
  {
    name: "a literal cut off behind its name",
    frames: [request(`${plain}\x00\x01x`)],
    goAway: code.compression,
  },
  {
    name: "Huffman's code padded with zeros (§5.2)",
    frames: [request(`${plain}\x00\x01x\x81\x18`)],
    goAway: code.compression,
  },
  {
    name: "padded with more than seven bits",
    frames: [request(`${plain}\x00\x01x\x82\x1f\xff`)],
    goAway: code.compression,
  },
  {
    name: "with the end mark inside",
    frames: [request(`${plain}\x00\x01x\x84\xff\xff\xff\xff`)],
    goAway: code.compression,
  },
  {
    name: "a table size above what we allow (§6.3)",
    frames: [request(`\x3f\xe2\x1f${plain}`)],
    goAway: code.compression,
  },
  { name: "a table size behind a field (§4.2)", frames: [request(`${plain}\x20`)], goAway: code.compression },
]);

frameCases("header blocks that are sound", [
  {
    name: "a table size of exactly what we allow",
    frames: [request(`\x3f\xe1\x1f${plain}`)],
    answers: [1, 200],
  },
  {
    name: "two table sizes at the beginning",
    frames: [request(`\x20\x3f\xe1\x1f${plain}`)],
    answers: [1, 200],
  },
  {
    name: "Huffman's code in a value",
    frames: [request(`${plain}\x00\x06x-test\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff`)],
    answers: [1, 200],
  },
  {
    name: "a field never to be indexed (§6.2.3)",
    frames: [request(`${plain}\x10${literal("x-secret", "1").slice(1)}`)],
    answers: [1, 200],
  },
]);

test("the dynamic table lives as long as the connection, forgets the oldest and survives refused requests", async () => {
  await using rig = await startRig({ listener: { limits: { headBytes: "8KiB" } } });
  const client = await connectFrames(rig.proxy.port);
  client.send(request(plain + indexed("x-one", "first")));
  client.send(request(`${plain}\xbe${indexed("x-two", "second")}`, 3));
  await client.body(3);
  assert.match(rig.origin.seen[1] ?? "", /x-one: first/i);
  // 62 is the newest: x-two, then x-one. A malformed request adds to the table all the same.
  client.send(request(`${indexed("x-three", "third")}${plain}`, 5));
  await client.expectReset(5, code.protocol);
  client.send(request(`${plain}\xbe\xbf\xc0`, 7));
  await client.body(7);
  for (const line of [/x-three: third/i, /x-two: second/i, /x-one: first/i])
    assert.match(rig.origin.seen.at(-1) ?? "", line);
  // An entry larger than the table empties it (§4.4).
  client.send(request(plain + indexed("x-large", "y".repeat(5000)), 9));
  await client.body(9);
  client.send(request(`${plain}\xbe`, 11));
  await client.expectGoAway(code.compression);
});
