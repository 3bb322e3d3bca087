import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientAddressHash } from "./client-address-hash.ts";

function hashOf(weights: readonly number[]): ClientAddressHash {
  const hash = new ClientAddressHash();
  hash.build(weights.map((weight, i) => ({ name: `${i}`, weight })));
  return hash;
}

/** nginx's arithmetic on bytes. */
function slow(bytes: readonly number[], total: number, times = 1): number {
  let hash = 89;
  for (let i = 0; i < times; i++) for (const byte of bytes) hash = (hash * 113 + byte) % 6271;
  return hash % total;
}

test("IPv4 counts with three bytes: neighbours share an endpoint", () => {
  const hash = hashOf([1, 1, 1, 1, 1, 1, 1]);
  for (const [a, b, c] of [
    [10, 1, 2],
    [192, 168, 7],
    [8, 8, 8],
    [255, 255, 255],
    [0, 0, 0],
  ] as const) {
    const expected = slow([a, b, c], 7);
    assert.equal(hash.first(`${a}.${b}.${c}.1`), expected);
    assert.equal(hash.first(`${a}.${b}.${c}.254`), expected);
  }
});

test("IPv6 counts with all sixteen bytes, however it is written", () => {
  const hash = hashOf([1, 1, 1, 1, 1, 1, 1]);
  const bytes = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34];
  assert.equal(hash.first("2001:db8::1234"), slow(bytes, 7));
  assert.equal(hash.first("2001:0DB8:0:0:0:0:0:1234"), slow(bytes, 7));
  assert.equal(hash.first("::ffff:10.1.2.3"), slow([10, 1, 2], 7));
});

test("a turn further hashes the address once more", () => {
  const hash = hashOf([1, 1, 1, 1, 1]);
  const found = [hash.first("10.1.2.3"), hash.next(), hash.next()];
  assert.deepEqual(
    found,
    [1, 2, 3].map((times) => slow([10, 1, 2], 5, times)),
  );
});

test("weights are stretches of the hash, as in nginx", () => {
  const hash = hashOf([3, 0, 2]);
  for (let i = 0; i < 100; i++) {
    assert.equal(hash.first(`${i}.1.1.1`), slow([i, 1, 1], 5) < 3 ? 0 : 2);
  }
});

test("endpoints beyond nginx's 6,271 hashes are reached all the same", () => {
  const hash = hashOf([7000, 7000]);
  const found = new Set(Array.from({ length: 200 }, (_, i) => hash.first(`10.${i}.1.1`)));
  assert.equal(found.size, 2);
});

test("text that is no address is told apart too", () => {
  const hash = hashOf([1, 1, 1, 1, 1]);
  assert.ok(new Set(["unix:", "alice", "bob", "carol"].map((key) => hash.first(key))).size > 1);
});
