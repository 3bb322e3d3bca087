import assert from "node:assert/strict";
import { test } from "node:test";
import * as units from "./units.ts";

const durations: readonly (readonly [string, number | null])[] = [
  ["250ms", 250],
  ["5s", 5000],
  ["1.5m", 90_000],
  ["1h", 3_600_000],
  ["7d", 604_800_000],
  ["0s", 0],
  ["365d", units.durationMaxMs],
  ["366d", null],
  ["0.5ms", null],
  ["5", null],
  ["5 s", null],
  ["5S", null],
  ["-5s", null],
  ["1h30m", null],
  [".5s", null],
  ["1e3s", null],
  ["", null],
];

for (const [text, ms] of durations) {
  test(`the duration '${text}' is ${ms === null ? "refused" : `${ms} ms`}`, () => {
    assert.equal(units.parseDurationMs(text), ms);
  });
}

const sizes: readonly (readonly [string, number | null])[] = [
  ["512B", 512],
  ["16KiB", 16_384],
  ["1.5MiB", 1_572_864],
  ["2GiB", 2_147_483_648],
  ["0.3B", null],
  ["16KB", null],
  ["16kib", null],
  ["16", null],
  ["9999999999GiB", null],
];

for (const [text, bytes] of sizes) {
  test(`the size '${text}' is ${bytes === null ? "refused" : `${bytes} bytes`}`, () => {
    assert.equal(units.parseSizeBytes(text), bytes);
  });
}

test("shares go from 0 to 100 percent", () => {
  assert.deepEqual(["0%", "20%", "0.5%", "100%", "101%", "20", "-1%"].map(units.parseShare), [
    0,
    0.2,
    0.005,
    1,
    null,
    null,
    null,
  ]);
});

test("rates are whole requests per unit of time, and never none", () => {
  assert.deepEqual(units.parseRate("100/s"), { requests: 100, periodMs: 1000 });
  assert.deepEqual(units.parseRate("5/m"), { requests: 5, periodMs: 60_000 });
  for (const text of ["0/s", "1.5/s", "100", "100/ms", "100 / s", "/s"])
    assert.equal(units.parseRate(text), null, text);
});

test("what is written reads back as the same value, in the largest whole unit", () => {
  for (const ms of [0, 1, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 86_400_000]) {
    assert.equal(units.parseDurationMs(units.formatDuration(ms)), ms);
  }
  for (const bytes of [0, 1, 1023, 1024, 1_572_864, 1_073_741_824])
    assert.equal(units.parseSizeBytes(units.formatSize(bytes)), bytes);
  for (const share of [0, 0.005, 0.07, 0.2, 1])
    assert.equal(units.parseShare(units.formatShare(share)), share);
  for (const text of ["100/s", "5/m", "7/h", "1/d"])
    assert.equal(units.formatRate(units.parseRate(text)!), text);
  assert.deepEqual([60_000, 90_000, 1500].map(units.formatDuration), ["1m", "90s", "1500ms"]);
  assert.deepEqual([1024, 1536, 1_048_576].map(units.formatSize), ["1KiB", "1536B", "1MiB"]);
});
