import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleTime, idleTimeWords } from "./idle-time.ts";

const never = Number.POSITIVE_INFINITY;

function learned(...observations: readonly (number | "outlived")[]): IdleTime {
  const idleTime = new IdleTime();
  let nowMs = 0;
  for (const observation of observations) {
    nowMs += 1000;
    if (observation === "outlived") idleTime.outlived(60_000);
    else idleTime.closed(observation, nowMs);
  }
  return idleTime;
}

test("an endpoint nobody knows keeps its connections as long as the pool does, but not for what must not be lost", () => {
  const idleTime = new IdleTime();
  assert.equal(idleTime.repeatableMs, never);
  assert.equal(idleTime.retireMs, never);
  assert.equal(idleTime.strictMs, 1000);
  assert.equal(idleTime.seenMs, null);
  assert.equal(idleTime.announcedMs, null);
});

for (const [header, announcedMs] of [
  ["timeout=5", 5000],
  ["timeout=5, max=100", 5000],
  ["max=100, timeout=15", 15_000],
  ['Timeout = "7"', 7000],
  ["timeout=0", 0],
  ["timeout=", null],
  ["mytimeout=5", null],
  ["max=5", null],
] as const) {
  test(`Keep-Alive: ${header} announces ${announcedMs ?? "nothing"}`, () => {
    const idleTime = new IdleTime();
    idleTime.told(header);
  });
}

test("an announced time is left with a margin, and connections are closed from this side before it", () => {
  const idleTime = new IdleTime();
  idleTime.told("timeout=5");
  assert.equal(idleTime.repeatableMs, 4000);
  assert.equal(idleTime.retireMs, 4000);
  assert.equal(idleTime.strictMs, 2000);
});

test("less than a second is announced as zero: nothing that must not be lost goes over a used connection", () => {
  const idleTime = new IdleTime();
  idleTime.told("timeout=0");
  assert.equal(idleTime.strictMs, 0);
  assert.equal(idleTime.repeatableMs, never);
  assert.ok(idleTime.isShort);
  idleTime.closed(100, 0);
  assert.equal(idleTime.strictMs, 0);
  assert.equal(idleTime.repeatableMs, 80);
});

test("what must not be lost keeps well away from the close, and from an endpoint whose time is too short for that", () => {
  assert.equal(learned(249).strictMs, 0);
  assert.equal(learned(300).strictMs, 120);
  assert.equal(learned(60_000).strictMs, 2000);
});

test("the shortest of the last four closes counts", () => {
  assert.equal(learned(300).seenMs, 300);
  assert.equal(learned(300, 280, 310).seenMs, 280);
  assert.equal(learned(280, 300, 301, 302, 303).seenMs, 300);
});

test("the shorter of what is announced and what is seen counts", () => {
  const idleTime = learned(3000);
  idleTime.told("timeout=5");
  assert.equal(idleTime.repeatableMs, 2400);
  idleTime.told("timeout=2");
  assert.equal(idleTime.repeatableMs, 1600);
});

test("a close right after an answer is no idle time", () => {
  assert.equal(learned(3).seenMs, null);
});

test("closes at one moment that disagree are a restart and teach nothing", () => {
  const idleTime = new IdleTime();
  idleTime.closed(400, 1000);
  assert.equal(idleTime.seenMs, 400);
  idleTime.closed(90, 1001);
  idleTime.closed(2300, 1002);
  assert.equal(idleTime.seenMs, null);
});

test("closes at one moment that agree are timers", () => {
  const idleTime = new IdleTime();
  idleTime.closed(5000, 1000);
  idleTime.closed(5010, 1001);
  assert.equal(idleTime.seenMs, 5000);
});

test("connections that outlive a mistaken time make it forgotten", () => {
  assert.equal(learned(50, "outlived", "outlived", "outlived").seenMs, 50);
  assert.equal(learned(50, "outlived", "outlived", "outlived", "outlived").seenMs, null);
});

test("to outlive what nobody believed says nothing", () => {
  const idleTime = learned("outlived");
  idleTime.closed(500, 5000);
  idleTime.outlived(510);
  assert.equal(idleTime.seenMs, 500);
});

test("workers share what they learn", () => {
  const words = new Int32Array(new SharedArrayBuffer(idleTimeWords * 4));
  const one = new IdleTime(words);
  const other = new IdleTime(words);
  one.closed(200, 0);
  assert.equal(other.seenMs, 200);
});
