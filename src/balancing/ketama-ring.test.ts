import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { KetamaRing } from "./ketama-ring.ts";
import type { PlacedNode } from "./key-placement.ts";

/** nginx's algorithm written down the slow way, with zlib's checksum. */
function slowRing(nodes: readonly PlacedNode[]): (key: string) => string {
  const points = nodes.flatMap(({ name, weight }) => {
    const [host, port] = name.startsWith("unix:") ? [name.slice(5), ""] : name.split(/:(?=\d*$)/);
    const chain: { point: number; name: string }[] = [];
    const previous = Buffer.alloc(4);
    for (let i = 0; i < 160 * weight; i++) {
      const point = crc32(Buffer.concat([Buffer.from(`${host}\0${port ?? ""}`), previous]));
      chain.push({ point, name });
      previous.writeUInt32LE(point);
    }
    return chain;
  });
  points.sort((a, b) => a.point - b.point);
  return (key) => {
    const hash = crc32(Buffer.from(key, "latin1"));
    return (points.find(({ point }) => point >= hash) ?? points[0]!).name;
  };
}

function placed(nodes: readonly PlacedNode[]): (key: string) => string {
  const ring = new KetamaRing();
  ring.build(nodes);
  return (key) => nodes[ring.first(key)]!.name;
}

const equal = ["10.0.0.1:8081", "10.0.0.2:8081", "10.0.0.3:8081"].map((name) => ({ name, weight: 1 }));

test("keys belong where nginx 1.22 was seen to send them", () => {
  const find = placed(["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"].map((name) => ({ name, weight: 1 })));
  const seen = {
    "key-9141": "127.0.0.1:1",
    "key-2877": "127.0.0.1:1",
    "key-7919": "127.0.0.1:2",
    "key-7486": "127.0.0.1:2",
    "key-0": "127.0.0.1:3",
    "key-5831": "127.0.0.1:3",
  };
  assert.deepEqual(Object.fromEntries(Object.keys(seen).map((key) => [key, find(key)])), seen);
});

test("places every key like the slow way, for any names and weights", () => {
  const name = fc.oneof(
    fc.tuple(fc.domain(), fc.nat({ max: 65535 })).map(([host, port]) => `${host}:${port}`),
    fc.ipV4(),
    fc.ipV6().map((host) => `[${host}]:443`),
    fc.constantFrom("unix:/run/app.sock", "unix:/run/größe.sock", "plain", "odd:name", "trailing:"),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
      fc.array(fc.string({ unit: "binary-ascii" }), { minLength: 20, maxLength: 20 }),
      (names, keys) => {
        const nodes = names.map((name, i) => ({ name, weight: 1 + (i % 3) }));
        const find = placed(nodes);
        const slow = slowRing(nodes);
        for (const key of keys) assert.equal(find(key), slow(key), JSON.stringify(key));
      },
    ),
    { numRuns: 40, seed: 3 },
  );
});

test("wraps from the last point to the first, and walks on in the order of the ring", () => {
  const ring = new KetamaRing();
  ring.build(equal);
  const owners = Array.from({ length: 480 }, (_, i) => (i === 0 ? ring.first("any") : ring.next()));
  assert.equal(ring.next(), owners[0]);
  for (const owner of [0, 1, 2]) assert.equal(owners.filter((found) => found === owner).length, 160);
});

test("a key that falls exactly on a point belongs to it", () => {
  const ring = new KetamaRing();
  ring.build(equal);
  const followers = equal.map(({ name }, node) => {
    // The first point of a server is the checksum of just this text.
    assert.equal(ring.first(`${name.replace(":", "\0")}\0\0\0\0`), node);
    return ring.next();
  });
  assert.notDeepEqual(followers, [0, 1, 2], "or the point behind would have done as well");
});

test("a key beyond the last point belongs to the first", () => {
  for (let round = 0; round < 20; round++) {
    const nodes = equal.map(({ name, weight }) => ({ name: `${round}.${name}`, weight }));
    const slow = slowRing(nodes);
    const find = placed(nodes);
    const high = Array.from({ length: 20_000 }, (_, i) => `key ${i}`).filter(
      (key) => crc32(key) > 0xffff_ffff - 0x40_0000,
    );
    assert.ok(high.length > 5);
    for (const key of high) assert.equal(find(key), slow(key));
  }
});

test("a node that leaves takes along its own keys only", () => {
  const find = placed(equal);
  const less = placed(equal.slice(0, 2));
  for (let i = 0; i < 3000; i++) {
    const before = find(`key ${i}`);
    if (before !== equal[2]!.name) assert.equal(less(`key ${i}`), before);
  }
});

test("a weight that is not whole has its share of points, and none has none", () => {
  const ring = new KetamaRing();
  ring.build([
    { name: "a:1", weight: 0.5 },
    { name: "b:1", weight: 0.0001 },
    { name: "c:1", weight: 0 },
  ]);
  const owners = Array.from({ length: 81 }, (_, i) => (i === 0 ? ring.first("") : ring.next()));
  assert.deepEqual(
    [0, 1, 2].map((node) => owners.filter((owner) => owner === node).length),
    [80, 1, 0],
  );
});

test("no weight at all is no place at all", () => {
  const ring = new KetamaRing();
  ring.build([]);
  assert.equal(ring.first("key"), -1);
  ring.build([{ name: "a:1", weight: 0 }]);
  assert.equal(ring.first("key"), -1);
});

test("huge total weights keep their proportions in a ring of bounded size", () => {
  const ring = new KetamaRing();
  ring.build([
    { name: "a:1", weight: 30_000 },
    { name: "b:1", weight: 10_000 },
  ]);
  let heavy = 0;
  for (let i = 0; i < 20_000; i++) if (ring.first(`key ${i}`) === 0) heavy++;
  assert.ok(Math.abs(heavy / 20_000 - 0.75) < 0.02, `${heavy}`);
});
