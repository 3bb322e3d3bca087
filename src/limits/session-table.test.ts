import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { SessionTable } from "./session-table.ts";

const minute = 60_000;
/** As a real clock reads, so that seconds are large numbers. */
const start = 1_790_000_000_000;

function table(sessionsMax = 1000, timeoutMs = 10 * minute): SessionTable {
  return SessionTable.create({ sessionsMax, timeoutMs }, seededRandom(3));
}

test("a session is found until it was unused for the timeout", () => {
  const sessions = table();
  sessions.remember("s", 7, start);
  assert.equal(sessions.find("s", start + 9 * minute), 7);
  assert.equal(sessions.find("s", start + 18 * minute), 7, "its time started over");
  assert.equal(sessions.find("s", start + 29 * minute), 0);
  assert.equal(sessions.find("t", start), 0);
});

test("a session may move to another endpoint", () => {
  const sessions = table();
  sessions.remember("s", 7, start);
  sessions.remember("s", 65_535, start + 1);
  assert.equal(sessions.find("s", start + 2), 65_535);
});

test("other threads see what one remembers", () => {
  const settings = { sessionsMax: 100, timeoutMs: minute };
  const one = SessionTable.create(settings, seededRandom(3));
  const other = SessionTable.attach(one.buffer, settings);
  one.remember("s", 3, start);
  assert.equal(other.find("s", start - 5), 3, "even when its clock is a little behind");
});

test("an old session does not come back when its time stamp comes round", () => {
  const sessions = table(1000, minute);
  sessions.remember("s", 7, start);
  const roundMs = (minute / 256) * 65_536;
  assert.equal(sessions.find("s", start + roundMs), 0);
});

test("when there is no room the longest unused make it, and memory does not grow", () => {
  const sessions = table(100, 10 * minute);
  const { byteLength } = sessions.buffer;
  for (let i = 0; i < 10_000; i++) sessions.remember(`s${i}`, 1 + (i % 9), start + i * 100);
  assert.equal(sessions.buffer.byteLength, byteLength);
  const now = start + 10_000 * 100;
  const recent = Array.from({ length: 50 }, (_, i) => sessions.find(`s${9999 - i}`, now)).filter(
    (found) => found > 0,
  );
  assert.ok(recent.length >= 40, `${recent.length} of the last 50 are known`);
  assert.equal(sessions.find("s0", now), 0);
});
