import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineLimiter, displayName, formatLine } from "./demo-backend-log.ts";

for (const [name, displayed] of [
  ["server-1", "Server 1"],
  ["main", "Main"],
  ["blue_green-api", "Blue Green Api"],
  ["Already Fine", "Already Fine"],
] as const) {
  test(`the name ${name} is displayed as ${displayed}`, () => assert.equal(displayName(name), displayed));
}

const dates: { date: Date; line: string }[] = [
  { date: new Date(2024, 7, 9, 2, 43, 48), line: "[S] 09 August 2024 - 2:43:48 AM - hi" },
  { date: new Date(2026, 11, 31, 23, 5, 9), line: "[S] 31 December 2026 - 11:05:09 PM - hi" },
  { date: new Date(2025, 0, 1, 0, 0, 0), line: "[S] 01 January 2025 - 12:00:00 AM - hi" },
  { date: new Date(2025, 0, 1, 12, 0, 0), line: "[S] 01 January 2025 - 12:00:00 PM - hi" },
];
for (const { date, line } of dates) {
  test(`a log line: ${line}`, () => assert.equal(formatLine("S", date, "hi"), line));
}

test("lines beyond the limit of a second are counted and told in the next", () => {
  const written: string[] = [];
  let nowMs = 0;
  const say = createLineLimiter(
    2,
    () => nowMs,
    (message) => void written.push(message),
  );
  for (const message of ["a", "b", "c", "d", "e"]) say(message);
  assert.deepEqual(written, ["a", "b"]);
  nowMs = 1000;
  say("f");
  assert.deepEqual(written, ["a", "b", "… and 3 more like these within that second", "f"]);
});

test("without a limit every line is written", () => {
  const written: string[] = [];
  const say = createLineLimiter(
    0,
    () => 0,
    (message) => void written.push(message),
  );
  for (let i = 0; i < 100; i++) say("x");
  assert.equal(written.length, 100);
});
