import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow, seededRandom } from "../core/random.ts";
import { closeForClient, closeForServer, FrameTracker } from "./websocket-frames.ts";

interface FrameShape {
  readonly opcode: number;
  readonly length: number;
  readonly isMasked: boolean;
  readonly isFinal?: boolean;
}

/** Payloads are full of what could be taken for heads of close frames. */
function frame({ opcode, length, isMasked, isFinal = true }: FrameShape): Buffer {
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
  if (extended.length === 2) extended.writeUInt16BE(length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  const short = extended.length === 0 ? length : extended.length === 2 ? 126 : 127;
  const head = Buffer.of((isFinal ? 0x80 : 0) | opcode, (isMasked ? 0x80 : 0) | short);
  return Buffer.concat([head, extended, Buffer.alloc(isMasked ? 4 : 0, 0x88), Buffer.alloc(length, 0x88)]);
}

const shapes: readonly FrameShape[] = [
  { opcode: 1, length: 0, isMasked: false },
  { opcode: 1, length: 0, isMasked: true },
  { opcode: 2, length: 125, isMasked: false, isFinal: false },
  { opcode: 9, length: 4, isMasked: true },
  { opcode: 0, length: 126, isMasked: true },
  { opcode: 2, length: 65_535, isMasked: false },
  { opcode: 2, length: 65_536, isMasked: true },
];

test("the end of each frame is a boundary, and nothing else is", () => {
  for (const shape of shapes) {
    const bytes = frame(shape);
    const tracker = new FrameTracker();
    for (let at = 0; at < bytes.length; at++) {
      assert.equal(tracker.isAtBoundary, at === 0, `${JSON.stringify(shape)} before octet ${at}`);
      tracker.read(bytes, at, at + 1, false);
    }
    assert.equal(tracker.isAtBoundary, true, JSON.stringify(shape));
    assert.equal(tracker.isOver, false);
  }
});

test("frames are followed alike however they are cut", () => {
  const random = seededRandom(11);
  const bytes = Buffer.concat([...shapes, ...shapes].map((shape) => frame(shape)));
  const ends = [...shapes, ...shapes].reduce<number[]>(
    (all, shape) => [...all, (all.at(-1) ?? 0) + frame(shape).length],
    [],
  );
  for (let round = 0; round < 200; round++) {
    const tracker = new FrameTracker();
    const found: number[] = [];
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + 1 + randomBelow(random, round < 50 ? 9 : 70_000));
      for (let pos = start; pos < end;) {
        pos = tracker.read(bytes, pos, end, true);
        if (tracker.isAtBoundary) found.push(pos);
      }
      start = end;
    }
    assert.deepEqual(found, ends);
  }
});

test("without a wish to stop a whole chunk is read", () => {
  const tracker = new FrameTracker();
  const bytes = Buffer.concat(shapes.map((shape) => frame(shape)));
  assert.equal(tracker.read(bytes, 0, bytes.length, false), bytes.length);
  assert.equal(tracker.isAtBoundary, true);
});

test("a close frame is the last one", () => {
  for (const close of [closeForClient, closeForServer, frame({ opcode: 8, length: 0, isMasked: false })]) {
    const tracker = new FrameTracker();
    tracker.read(close, 0, 1, false);
    assert.equal(tracker.isOver, true);
    tracker.read(close, 1, close.length, false);
    assert.equal(tracker.isAtBoundary, true);
  }
});

test("a length that nobody will ever send is no boundary", () => {
  const tracker = new FrameTracker();
  tracker.read(Buffer.of(0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255), 0, 10, false);
  const chunk = Buffer.alloc(65_536);
  for (let round = 0; round < 100; round++) tracker.read(chunk, 0, chunk.length, true);
  assert.equal(tracker.isAtBoundary, false);
});
