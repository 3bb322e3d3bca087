import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, millis, percent, plural, rate } from "./format.ts";

for (const [text, expected] of [
  [count(1_234_567), "1,234,567"],
  [rate(0), "0"],
  [rate(0.04), "<0.1"],
  [rate(12.34), "12.3"],
  [rate(480.4), "480"],
  [rate(9999.6), "10,000"],
  [rate(12_345), "12.3k"],
  [rate(1_234_567), "1.23M"],
  [millis(null), "–"],
  [millis(0.123), "0.12 ms"],
  [millis(8.14), "8.1 ms"],
  [millis(120.4), "120 ms"],
  [millis(1240), "1.24 s"],
  [percent(0), "0 %"],
  [percent(0.0004), "<0.1 %"],
  [percent(0.024), "2.4 %"],
  [percent(0.333), "33 %"],
  [bytes(512), "512 B"],
  [bytes(1_400_000), "1.4 MB"],
  [bytes(196_600), "197 kB"],
  [duration(12_300), "12 s"],
  [duration(240_000), "4 min"],
  [duration(3 * 3_600_000 + 720_000), "3 h 12 min"],
  [duration(51 * 3_600_000), "2 d 3 h"],
  [plural(1, "endpoint"), "1 endpoint"],
  [plural(1200, "endpoint"), "1,200 endpoints"],
] as const) {
  test(`a number is written ${expected}`, () => assert.equal(text, expected));
}
