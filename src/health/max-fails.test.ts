import assert from "node:assert/strict";
import { test } from "node:test";
import { MaxFails, maxFailsWords } from "./max-fails.ts";

function start(maxFails: number, failTimeoutSeconds = 10): MaxFails {
  return new MaxFails(new Int32Array(maxFailsWords), { maxFails, failTimeoutSeconds });
}

/** The seconds, of `from` to `to`, at which a request would get through; each that does fails again. */
function openSeconds(record: MaxFails, from: number, to: number): number[] {
  const open: number[] = [];
  for (let second = from; second <= to; second++) {
    if (record.isPenalized(second)) continue;
    record.chosen(second);
    record.failed(second);
    open.push(second);
  }
  return open;
}

test("one failure is enough by nginx's default, for longer than the timeout's last second", () => {
  const record = start(1);
  record.failed(100);
  assert.equal(record.isPenalized(100), true);
  assert.equal(record.isPenalized(110), true);
  assert.equal(record.isPenalized(111), false);
});

test("after the penalty exactly one request per timeout is let through until one succeeds", () => {
  const record = start(1);
  record.failed(100);
  assert.deepEqual(openSeconds(record, 101, 140), [111, 122, 133]);
});

test("while the one request is under way, others are passed over", () => {
  const record = start(1);
  record.failed(100);
  assert.equal(record.isPenalized(111), false);
  record.chosen(111);
  assert.equal(record.isPenalized(111), true);
  record.succeeded();
  assert.equal(record.isPenalized(111), false);
  assert.equal(record.fails, 0);
});

test("a success of a request begun before the penalty forgives nothing", () => {
  const record = start(1);
  record.failed(100);
  record.succeeded();
  assert.equal(record.isPenalized(105), true);
});

test("failures add up over any time, successes between them notwithstanding", () => {
  const record = start(3);
  for (const second of [100, 108, 116]) {
    record.chosen(second);
    record.succeeded();
    record.failed(second);
  }
  assert.equal(record.isPenalized(117), true);
});

test("failures further apart than the timeout, with a success between, do not add up", () => {
  const record = start(2);
  record.failed(100);
  record.chosen(111);
  record.succeeded();
  assert.equal(record.fails, 0);
  record.failed(112);
  assert.equal(record.isPenalized(112), false);
});

test("max_fails 0 never makes it unavailable", () => {
  const record = start(0);
  for (let i = 0; i < 100; i++) record.failed(100);
  assert.equal(record.isPenalized(100), false);
});

test("two workers over the same memory see the same", () => {
  const words = new Int32Array(new SharedArrayBuffer(maxFailsWords * 4));
  const settings = { maxFails: 2, failTimeoutSeconds: 10 };
  const [one, other] = [new MaxFails(words, settings), new MaxFails(words, settings)];
  one.failed(50);
  other.failed(51);
  assert.equal(one.isPenalized(60), true);
});
