import assert from "node:assert/strict";
import { test } from "node:test";
import type { UpstreamStream } from "../upstream/upstream-stream.ts";
import { ReplayBuffer } from "./replay-buffer.ts";

function sentBy(replay: ReplayBuffer): string {
  let sent = "";
  const upstream = {
    sendBody: (_source: unknown, bytes: Buffer, start: number, end: number) =>
      void (sent += bytes.toString("latin1", start, end)),
  };
  replay.sendTo(upstream as unknown as UpstreamStream);
  return sent;
}

test("what was added is sent as often as wanted, whatever became of the memory", () => {
  const replay = new ReplayBuffer(10);
  const memory = Buffer.from("xabcdex");
  replay.add(memory, 1, 6, false);
  memory.fill("?");
  replay.add(Buffer.from("fghij"), 0, 5, false);
  assert.equal(replay.isComplete, true);
  assert.equal(sentBy(replay), "abcdefghij");
  assert.equal(sentBy(replay), "abcdefghij");
  assert.equal(replay.isComplete, true);
});

test("one byte beyond the limit lets everything go", () => {
  const replay = new ReplayBuffer(10);
  replay.add(Buffer.from("0123456789"), 0, 10, false);
  replay.add(Buffer.from("x"), 0, 1, false);
  assert.equal(replay.isComplete, false);
  assert.equal(sentBy(replay), "");
  replay.add(Buffer.from("y"), 0, 1, false);
  assert.equal(sentBy(replay), "");
});

test("bytes that nobody could take yet are kept beyond the limit, for one sending", () => {
  const replay = new ReplayBuffer(3);
  replay.add(Buffer.from("0123456789"), 0, 10, true);
  assert.equal(replay.isComplete, true);
  assert.equal(sentBy(replay), "0123456789");
  assert.equal(replay.isComplete, false);
  assert.equal(sentBy(replay), "");
});
