import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../core/random.ts";
import { RateLimitHeaders, retryAfterSeconds } from "./rate-limit-headers.ts";
import { Verdict } from "./verdict.ts";
import { RateLimiter, type RateLimitSettings } from "./rate-limiter.ts";

const settings: RateLimitSettings = {
  requests: 60,
  periodMs: 60_000,
  burst: 1,
  delayMaxMs: 0,
  keysMax: 8,
  mode: "enforce",
};

describe("RateLimitHeaders", () => {
  for (const [name, periodMs, value] of [
    ["api", 60_000, '"api";q=60;w=60'],
    ["api", 250, '"api";q=60'],
    ['a"b\\c\r\nd', 1000, '"a_b_c__d";q=60;w=1'],
  ] as const) {
    it(`names the policy ${value}`, () => {
      const limiter = RateLimiter.create({ ...settings, periodMs }, 1, seededRandom(1), 0);
      const lines = new RateLimitHeaders(name, { ...settings, periodMs }).linesFor(limiter.check("a", 0));
      assert.ok(lines.startsWith(`RateLimit-Policy: ${value}\r\n`), lines);
    });
  }

  const limiter = RateLimiter.create(settings, 1, seededRandom(1), 0);
  const headers = new RateLimitHeaders("api", settings);
  const lines = (nowMs: number, key = "a"): string => headers.linesFor(limiter.check(key, nowMs));

  it("tells a client that passes what is left and when all is", () => {
    assert.equal(
      lines(0),
      'RateLimit-Policy: "api";q=60;w=60\r\nX-RateLimit-Limit: 60\r\nRateLimit: "api";r=1;t=1\r\n' +
        "X-RateLimit-Reset: 1\r\nX-RateLimit-Remaining: 1\r\n",
    );
  });

  it("tells a refused client when to come again, rounded up", () => {
    lines(0);
    const refusal = lines(100);
    assert.match(refusal, /RateLimit: "api";r=0;t=2\r\n/);
    assert.match(refusal, /\r\nRetry-After: 1\r\n$/);
    assert.equal(limiter.check("a", 1000).judgement, "admit");
  });

  it("remembers answers without confusing them", () => {
    // A round of the answers remembered: 0 and 256 requests left have one place.
    const wide = { ...settings, requests: 1000, burst: 600 };
    const many = RateLimiter.create(wide, 1, seededRandom(1), 0);
    const told = new RateLimitHeaders("api", wide);
    for (const key of ["a", "b"]) {
      for (let left = 600; left >= 0; left--) {
        const verdict = many.check(key, 0);
        const text = told.linesFor(verdict);
        const reset = Math.ceil(verdict.resetMs / 1000);
        assert.match(text, new RegExp(`;r=${left};t=${reset}\r\n.*-Remaining: ${left}\r\n$`, "s"));
        assert.equal(told.linesFor(verdict), text);
        assert.equal(told.linesFor(verdict), text);
      }
    }
  });

  it("takes an answer for another's only where both numbers are the same", () => {
    const told = new RateLimitHeaders("api", settings);
    const verdict = new Verdict("enforce");
    for (const [remaining, seconds] of [
      [5, 1],
      [5, 3],
      [261, 3],
    ] as const) {
      Object.assign(verdict, { remaining, resetMs: seconds * 1000 });
      const expected = new RegExp(`;r=${remaining};t=${seconds}\r\n.*-Remaining: ${remaining}\r\n$`, "s");
      assert.match(told.linesFor(verdict), expected);
    }
  });

  it("tells each client its own, whatever the one before was told", () => {
    assert.match(lines(5000, "b"), /;r=1;t=1\r\n/);
    assert.match(lines(5000, "b"), /;r=0;t=2\r\n/);
    assert.match(lines(5000, "c"), /;r=1;t=1\r\n/);
    assert.match(lines(5500, "b"), /;r=0;t=2\r\n.*Retry-After: 1\r\n$/s);
    assert.doesNotMatch(lines(7000, "b"), /Retry-After/);
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
