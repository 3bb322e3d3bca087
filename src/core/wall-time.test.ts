import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { wallTimeOf } from "./wall-time.ts";

test("a moment's wall time is told for each clock, also for moments past", () => {
  const [one, other] = [new VirtualClock(1_000_000), new VirtualClock(5_000_000)];
  one.advance(500);
  assert.equal(wallTimeOf(one, 500), 1_000_500);
  assert.equal(wallTimeOf(one, 200), 1_000_200);
  assert.equal(wallTimeOf(other, 0), 5_000_000);
  assert.equal(wallTimeOf(one, 500), 1_000_500);
});

test("a step of the wall clock is noticed within a second", () => {
  let nowMs = 0;
  let epochMs = 1_000_000;
  const clock = { nowMs: () => nowMs, wallMs: () => epochMs + nowMs, setTimer: () => ({ cancel() {} }) };
  assert.equal(wallTimeOf(clock, nowMs), 1_000_000);
  epochMs = 2_000_000;
  nowMs = 1001;
  assert.equal(wallTimeOf(clock, nowMs), 2_001_001);
});
