import assert from "node:assert/strict";
import { test } from "node:test";
import { captureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { BoundedWarnings } from "./bounded-warnings.ts";

test("a flood costs ten lines and then one every ten seconds, which tells how many were left out", () => {
  const clock = new VirtualClock();
  const log = captureLog(false);
  const warnings = new BoundedWarnings(log, clock);
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 100; i++) warnings.warn("nonsense came", { second });
    clock.advance(1000);
  }
  assert.deepEqual(
    log.entries
      .slice(9)
      .map(({ level, message, fields }) => [level, message, fields["second"], fields["leftOut"]]),
    [
      ["warn", "nonsense came", 0, undefined],
      ["warn", "nonsense came", 10, 990],
      ...[20, 30, 40, 50].map((second) => ["warn", "nonsense came", second, 999]),
    ],
  );
});

test("after a quiet time there are ten again and never more", () => {
  const clock = new VirtualClock();
  const log = captureLog(false);
  const warnings = new BoundedWarnings(log, clock);
  for (const quietMs of [0, 100_000, 10_000_000]) {
    clock.advance(quietMs);
    for (let i = 0; i < 50; i++) warnings.warn("nonsense came", {});
  }
  assert.equal(log.entries.length, 30);
});

test("who asks for every line (debug) gets every line", () => {
  const log = captureLog();
  const warnings = new BoundedWarnings(log, new VirtualClock());
  for (let i = 0; i < 50; i++) warnings.warn("nonsense came", {});
  assert.equal(log.entries.filter(({ level }) => level === "warn").length, 10);
  assert.equal(log.entries.length, 50);
});
