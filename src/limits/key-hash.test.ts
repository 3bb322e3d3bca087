import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { KeyHash } from "./key-hash.ts";

function hash(key: string, low = 1, high = 2): string {
  const one = new KeyHash(low, high);
  one.of(key);
  return `${one.low}/${one.high}`;
}

describe("KeyHash", () => {
  it("is the same for the same key and seed, whatever was hashed before", () => {
    const one = new KeyHash(1, 2);
    one.of("something else");
    one.of("192.0.2.7");
    assert.equal(`${one.low}/${one.high}`, hash("192.0.2.7"));
  });

  it("differs by seed in both halves", () => {
    const [low, high] = hash("192.0.2.7").split("/");
    const [otherLow, otherHigh] = hash("192.0.2.7", 3, 2).split("/");
    assert.notEqual(low, otherLow);
    assert.notEqual(high, otherHigh);
  });

  it("tells apart keys that differ in one code unit or in length", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.equal(hash(one) === hash(other), one === other);
      }),
    );
    assert.notEqual(hash(""), hash("\0"));
    assert.notEqual(hash("a"), hash("a\0"));
  });

  it("spreads like addresses evenly: no half of the hash repeats more than chance allows", () => {
    const lows = new Set<number>();
    const highs = new Set<number>();
    const buckets = new Uint32Array(256);
    const one = new KeyHash(7, 9);
    for (let a = 0; a < 64; a++) {
      for (let b = 0; b < 1024; b++) {
        one.of(`10.0.${a}.${b}`);
        lows.add(one.low);
        highs.add(one.high);
        buckets[one.low & 255] = buckets[one.low & 255]! + 1;
      }
    }
    // 65,536 keys in 2^32: half a collision is expected.
    assert.ok(lows.size > 65_530 && highs.size > 65_530, `${lows.size} ${highs.size}`);
    assert.ok(Math.max(...buckets) < 330 && Math.min(...buckets) > 190, "256 expected in each");
  });
});
