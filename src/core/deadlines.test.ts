import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "./clock.ts";
import { Deadline, Deadlines } from "./deadlines.ts";
import { seededRandom, randomBelow } from "./random.ts";

/** A clock of one timer at a time, moved by hand. */
function handClock(): Clock & { advance(ms: number): void } {
  let now = 1000;
  let due = Infinity;
  let callback: (() => void) | null = null;
  return {
    nowMs: () => now,
    wallMs: () => now,
    setTimer(delayMs, run) {
      due = now + delayMs;
      callback = run;
      return { cancel() {} };
    },
    advance(ms) {
      const target = now + ms;
      while (callback !== null && due <= target) {
        const run = callback;
        callback = null;
        now = Math.max(now, due);
        run();
      }
      now = target;
    },
  };
}

test("a deadline expires once, never early and at most three ticks late", () => {
  for (const delayMs of [0, 1, 49, 50, 51, 999, 5_000, 51_200, 200_000]) {
    const clock = handClock();
    const expiries: number[] = [];
    const deadlines = new Deadlines(clock, 50);
    const start = clock.nowMs();
    new Deadline(deadlines, () => expiries.push(clock.nowMs() - start)).set(delayMs);
    for (let i = 0; i < 30_000; i++) clock.advance(10);
    assert.equal(expiries.length, 1, `delay ${delayMs}`);
    assert.ok(
      (expiries[0] as number) >= delayMs && (expiries[0] as number) <= delayMs + 160,
      `${delayMs}: ${expiries[0]}`,
    );
  }
});

test("setting again postpones, clearing silences, and an earlier setting wins", () => {
  const clock = handClock();
  const deadlines = new Deadlines(clock, 50);
  const log: string[] = [];
  const postponed = new Deadline(deadlines, () => log.push("postponed"));
  const cleared = new Deadline(deadlines, () => log.push("cleared"));
  const hastened = new Deadline(deadlines, () => log.push("hastened"));
  postponed.set(200);
  cleared.set(200);
  hastened.set(10_000);
  clock.advance(100);
  postponed.set(1000);
  cleared.clear();
  hastened.set(100);
  clock.advance(300);
  assert.deepEqual(log, ["hastened"]);
  clock.advance(1000);
  assert.deepEqual(log, ["hastened", "postponed"]);
  clock.advance(60_000);
  assert.deepEqual(log, ["hastened", "postponed"]);
});

test("random settings agree with a naive model", () => {
  const random = seededRandom(7);
  const clock = handClock();
  const deadlines = new Deadlines(clock, 50);
  const due = new Map<number, number>();
  const all = Array.from(
    { length: 50 },
    (_, i) =>
      new Deadline(deadlines, () => {
        const at = due.get(i);
        assert.ok(at !== undefined, "expired without being set");
        assert.ok(clock.nowMs() >= at && clock.nowMs() <= at + 160, `late by ${clock.nowMs() - at}`);
        due.delete(i);
      }),
  );
  for (let step = 0; step < 20_000; step++) {
    const i = randomBelow(random, all.length);
    const deadline = all[i] as Deadline;
    if (random.next() < 0.7) {
      const delay = randomBelow(random, 3000);
      deadline.set(delay);
      due.set(i, clock.nowMs() + delay);
    } else {
      deadline.clear();
      due.delete(i);
    }
    clock.advance(randomBelow(random, 40));
  }
  clock.advance(5000);
  assert.equal(due.size, 0);
});
