import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import { Pacer } from "./pacer.ts";

/** 100 KB a second, of which 25,000 bytes pass at once. */
function make(isObserving: boolean) {
  const clock = new VirtualClock();
  const seen = { heldBack: 0, due: 0 };
  const watch = { isObserving, onHeldBack: () => void seen.heldBack++ };
  const pacer = new Pacer(100_000, watch, clock, new Deadlines(clock), () => void seen.due++);
  return { clock, seen, pacer };
}

test("what is ahead of its pace is paused until the debt is paid, and counted once", () => {
  const { clock, seen, pacer } = make(false);
  assert.equal(pacer.passed(25_000), false);
  assert.equal(pacer.passed(50_000), true);
  assert.equal(pacer.isHolding, true);
  clock.advance(499);
  assert.equal(seen.due, 0);
  clock.advance(200);
  assert.deepEqual(seen, { heldBack: 1, due: 1 });
  assert.equal(pacer.isHolding, false);
  pacer.passed(100_000);
  assert.equal(seen.heldBack, 1);
});

test("while observing nothing is paused, and what would have been is counted all the same", () => {
  const { clock, seen, pacer } = make(true);
  assert.equal(pacer.passed(25_000), false);
  assert.equal(seen.heldBack, 0);
  assert.equal(pacer.passed(50_000), false);
  assert.equal(pacer.isHolding, false);
  assert.deepEqual(seen, { heldBack: 1, due: 0 });
  assert.equal(clock.pendingCount, 0);
});
