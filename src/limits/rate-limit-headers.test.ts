import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../core/random.ts";
import { rateLimitFields, rateLimitPolicy, retryAfterSeconds } from "./rate-limit-headers.ts";
import { RateLimiter, type RateLimitSettings } from "./rate-limiter.ts";

const settings: RateLimitSettings = {
  requests: 60,
  periodMs: 60_000,
  burst: 1,
  delayMaxMs: 0,
  keysMax: 8,
  mode: "enforce",
};

describe("rateLimitPolicy", () => {
  for (const [name, periodMs, value] of [
    ["api", 60_000, '"api";q=60;w=60'],
    ["api", 250, '"api";q=60'],
    ['a"b\\c\r\nd', 1000, '"a_b_c__d";q=60;w=1'],
  ] as const) {
    it(`is ${value}`, () => assert.equal(rateLimitPolicy(name, { ...settings, periodMs }), value));
  }
});

describe("rateLimitFields", () => {
  const limiter = RateLimiter.create(settings, 1, seededRandom(1), 0);
  const policy = rateLimitPolicy("api", settings);
  const fields = (nowMs: number): string =>
    rateLimitFields("api", policy, settings, limiter.check("a", nowMs));

  it("tells a client that passes what is left and when all is", () => {
    assert.equal(
      fields(0),
      'RateLimit-Policy: "api";q=60;w=60\r\nRateLimit: "api";r=1;t=1\r\n' +
        "X-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 1\r\nX-RateLimit-Reset: 1\r\n",
    );
  });

  it("tells a refused client when to come again, rounded up", () => {
    fields(0);
    const lines = fields(100);
    assert.match(lines, /RateLimit: "api";r=0;t=2\r\n/);
    assert.match(lines, /\r\nRetry-After: 1\r\n$/);
    assert.equal(limiter.check("a", 1000).judgement, "admit");
  });

  it("promises nothing to wait for in observe mode", () => {
    const observer = RateLimiter.create({ ...settings, mode: "observe", burst: 0 }, 1, seededRandom(1), 0);
    observer.check("a", 0);
    assert.doesNotMatch(rateLimitFields("api", policy, settings, observer.check("a", 0)), /Retry-After/);
  });
});

describe("retryAfterSeconds", () => {
  for (const [ms, seconds] of [
    [0, 1],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [59_999.9, 60],
  ] as const) {
    it(`says ${seconds} for ${ms} ms`, () => assert.equal(retryAfterSeconds(ms), seconds));
  }
});
