import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { TokenBucket } from "./token-bucket.ts";

describe("TokenBucket", () => {
  it("passes the burst at once and then asks to wait until the debt is paid", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    assert.equal(bucket.take(500, 0), 0);
    assert.equal(bucket.take(100, 0), 100);
    assert.equal(bucket.take(100, 100), 100);
    assert.equal(bucket.take(50, 10_000), 0);
  });

  it("saves up no more than the burst", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    assert.equal(bucket.take(600, 1_000_000), 100);
  });

  it("earns nothing when the clock seems to run backwards", () => {
    const bucket = new TokenBucket(1000, 0, 1000);
    assert.equal(bucket.take(100, 500), 100);
    assert.equal(bucket.take(0, 1050), 50);
  });

  it("keeps the rate over any number of chunks when its waits are heeded", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1 }),
        fc.integer({ min: 100, max: 1e6 }),
        (chunks, rate) => {
          const bucket = new TokenBucket(rate, 10_000, 0);
          let nowMs = 0;
          let bytes = 0;
          for (const chunk of chunks) {
            nowMs += bucket.take(chunk, nowMs);
            bytes += chunk;
          }
          const dueMs = Math.max(0, ((bytes - 10_000) / rate) * 1000);
          assert.ok(Math.abs(nowMs - dueMs) <= 1e-6 * (1 + dueMs), `${nowMs} for ${dueMs}`);
        },
      ),
    );
  });
});
