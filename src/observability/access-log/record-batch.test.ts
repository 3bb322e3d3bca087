import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../../../test/support/access-records.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { RecordBatch } from "./record-batch.ts";

function started() {
  const clock = new VirtualClock();
  const targets: string[] = [];
  const batch = new RecordBatch({ clock, delayMs: 50, spell: ({ target }) => void targets.push(target) });
  const add = (target: string): void => batch.add(sampleRecord({ target }));
  return { clock, targets, batch, add };
}

test("records wait for company, but not longer than the delay, and keep their order", () => {
  const { clock, targets, batch, add } = started();
  add("/a");
  clock.advance(40);
  add("/b");
  assert.equal(batch.count, 2);
  assert.deepEqual(targets, []);
  clock.advance(10);
  assert.deepEqual(targets, ["/a", "/b"]);
  assert.equal(clock.pendingCount, 0);
});

test("sixty-four wait no longer", () => {
  const { targets, batch, add } = started();
  for (let count = 0; count < 65; count++) add(`/${count}`);
  assert.equal(targets.length, 64);
  assert.equal(targets.at(-1), "/63");
  assert.equal(batch.count, 1);
});

test("closing spells what waits and leaves no timer behind", () => {
  const { clock, targets, batch, add } = started();
  add("/a");
  batch.close();
  assert.deepEqual(targets, ["/a"]);
  assert.equal(clock.pendingCount, 0);
});
