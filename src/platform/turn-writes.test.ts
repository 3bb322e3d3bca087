import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnWrites } from "./turn-writes.ts";

class Writer {
  writeCount = 0;
  onWrite: () => void = () => {};

  writeDue(): void {
    this.writeCount++;
    this.onWrite();
  }
}

function writersOf(count: number): Writer[] {
  return Array.from({ length: count }, () => new Writer());
}

function turnEnded(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("writes of a busy turn go out together when it ends", async () => {
  const turn = new TurnWrites();
  const writers = writersOf(5);
  assert.deepEqual(
    writers.map((writer) => turn.defer(writer)),
    [true, true, true, true, true],
  );
  assert.deepEqual(
    writers.map(({ writeCount }) => writeCount),
    [0, 0, 0, 0, 0],
  );
  await turnEnded();
  assert.deepEqual(
    writers.map(({ writeCount }) => writeCount),
    [1, 1, 1, 1, 1],
  );
  assert.equal(turn.defer(new Writer()), true, "the next turn may be as busy");
  await turnEnded();
});

test("after a quiet turn writes go out at once, until another turn is tried", async () => {
  const turn = new TurnWrites();
  assert.equal(turn.defer(new Writer()), true);
  await turnEnded();
  const verdicts = writersOf(33).map((writer) => turn.defer(writer));
  assert.deepEqual(verdicts.indexOf(true), 32);
  await turnEnded();
});

test("a long turn lets what it holds go in between", async () => {
  const turn = new TurnWrites();
  const writers = writersOf(65);
  for (const writer of writers) turn.defer(writer);
  assert.equal(writers.filter(({ writeCount }) => writeCount === 1).length, 64);
  await turnEnded();
  assert.equal(writers.filter(({ writeCount }) => writeCount === 1).length, 65);
  assert.equal(turn.defer(new Writer()), true, "65 writes are no quiet turn");
  await turnEnded();
});

test("what a write brings about is written as well", async () => {
  const turn = new TurnWrites();
  const writers = writersOf(3);
  const late = new Writer();
  (writers[0] as Writer).onWrite = () => assert.equal(turn.defer(late), true);
  for (const writer of writers) turn.defer(writer);
  await turnEnded();
  assert.deepEqual(
    [...writers, late].map(({ writeCount }) => writeCount),
    [1, 1, 1, 1],
  );
  await turnEnded();
});

test("a write that brings a new one while a long turn lets go forgets neither", async () => {
  const turn = new TurnWrites();
  const late = new Writer();
  const writers = writersOf(65);
  const [, second] = writers;
  if (second !== undefined) second.onWrite = () => assert.equal(turn.defer(late), true);
  for (const writer of writers) turn.defer(writer);
  await turnEnded();
  assert.deepEqual(
    [...writers, late].map(({ writeCount }) => writeCount),
    Array.from({ length: 66 }, () => 1),
  );
});
