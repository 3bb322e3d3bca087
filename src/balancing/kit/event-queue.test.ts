import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { EventQueue } from "./event-queue.ts";

test("events come out by time, and equal times in order of entry", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), (times) => {
      const queue = new EventQueue<{ at: number; entry: number }>();
      const entered = times.map((at, entry) => ({ at, entry }));
      for (const event of entered) queue.push(event.at, event);
      const expected = entered.toSorted((a, b) => a.at - b.at || a.entry - b.entry);
      for (const event of expected) {
        assert.equal(queue.nextMs, event.at);
        assert.equal(queue.pop(), event);
      }
      assert.equal(queue.pop(), undefined);
      assert.equal(queue.nextMs, Number.POSITIVE_INFINITY);
    }),
    { seed: 5 },
  );
});

test("entries and exits may alternate", () => {
  const queue = new EventQueue<string>();
  queue.push(3, "c");
  queue.push(1, "a");
  assert.equal(queue.pop(), "a");
  queue.push(2, "b");
  assert.deepEqual([queue.pop(), queue.pop(), queue.pop()], ["b", "c", undefined]);
});
