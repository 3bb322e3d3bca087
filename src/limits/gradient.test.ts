import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { nextLimit } from "./gradient.ts";

const settings = { min: 3, max: 1000, tolerance: 0.25 };

describe("nextLimit", () => {
  for (const [title, limit, baselineMs, sampleMs, expected] of [
    ["grows by the root at the tolerated latency", 100, 20, 25, 110],
    ["grows by at most double and the root", 100, 20, 1, 200 + Math.sqrt(200)],
    ["falls by at most half less the root", 100, 20, 1000, 50 + Math.sqrt(50)],
    ["falls in proportion between", 100, 20, 40, 62.5 + Math.sqrt(62.5)],
    ["never exceeds the most", 900, 20, 10, 1000],
    ["never falls below the least", 1, 20, 1000, 3],
    ["takes no latency at all for the best", 4, 20, 0, 8 + Math.sqrt(8)],
  ] as const) {
    it(title, () => assert.ok(Math.abs(nextLimit(limit, baselineMs, sampleMs, settings) - expected) < 1e-9));
  }

  it("settles where latency grows with the limit, near what the pool can do at once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 200 }), fc.integer({ min: 3, max: 1000 }), (servers, start) => {
        let limit = start;
        // Ten at once take 20 ms; more than that wait in line.
        for (let step = 0; step < 200; step++)
          limit = nextLimit(limit, 20, 20 * Math.max(1, limit / servers), settings);
        assert.ok(
          limit > servers && limit < servers * 1.25 + 3 * Math.sqrt(servers) + 3,
          `${limit} for ${servers}`,
        );
      }),
    );
  });
});
