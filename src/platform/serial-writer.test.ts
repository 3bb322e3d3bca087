import assert from "node:assert/strict";
import { test } from "node:test";
import type { NativeHandle, NativeHandles, NativeRequest } from "./native-handles.ts";
import { GatherBuffers, gatherBytes, SerialWriter } from "./serial-writer.ts";
import { TurnWrites } from "./turn-writes.ts";

/** An engine that aborts the process on a second write, as the real one does, and a socket below it. */
class FakeEngine {
  readonly written: string[] = [];
  request: NativeRequest | null = null;
  error = 0;
  writeQueueSize = 0;
  socketQueueSize = 0;

  writeLatin1String(request: NativeRequest, text: string): number {
    return this.writeBuffer(request, Buffer.from(text, "latin1"));
  }

  writeBuffer(request: NativeRequest, bytes: Uint8Array): number {
    assert.equal(this.request, null, "a second write before the first was handed on");
    if (this.error !== 0) return this.error;
    this.request = request;
    this.written.push(Buffer.from(bytes).toString("latin1"));
    return 0;
  }

  complete(status = 0): void {
    const { request } = this;
    this.request = null;
    request?.oncomplete?.(status);
  }
}

class Rig {
  readonly engine = new FakeEngine();
  readonly gatherBuffers = new GatherBuffers();
  writtenCount = 0;
  readonly failures: number[] = [];
  readonly writer: SerialWriter;

  constructor(hasSocketHandle = true) {
    class WriteWrap {
      oncomplete = null;
    }
    const handles = { WriteWrap, streamState: new Int32Array([1]), kLastWriteWasAsync: 0 };
    const { engine, gatherBuffers } = this;
    const socketHandle = {
      get writeQueueSize() {
        return engine.socketQueueSize;
      },
    };
    this.writer = new SerialWriter(
      { handles: handles as unknown as NativeHandles, turnWrites: new TurnWrites(), gatherBuffers },
      engine as unknown as NativeHandle,
      hasSocketHandle ? (socketHandle as NativeHandle) : null,
      {
        onWritten: () => this.writtenCount++,
        onWriteFailed: (error) => {
          this.failures.push(error);
          this.writer.stop();
        },
      },
    );
  }

  lengths(): number[] {
    return this.engine.written.map(({ length }) => length);
  }
}

function turnEnded(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const large = Buffer.alloc(32 * 1024, "b");

test("a head and the large span behind it leave in one write when the turn ends", async () => {
  const { writer, engine } = new Rig();
  assert.equal(writer.write("head "), true);
  assert.equal(writer.write(large), true);
  assert.deepEqual([engine.written.length, writer.isDue, writer.backlog], [0, true, 0]);
  await turnEnded();
  assert.deepEqual(engine.written, [`head ${large.toString("latin1")}`]);
  assert.equal(writer.isDue, false);
});

test("what comes during a write is copied, so that its memory may be reused, and leaves in order", () => {
  const { writer, engine } = new Rig();
  writer.write(large);
  const reused = Buffer.from("first");
  assert.equal(writer.write(reused), true);
  reused.fill("x");
  assert.equal(writer.write("second"), true);
  engine.complete();
  assert.deepEqual(engine.written.slice(1), ["firstsecond"]);
});

test("what does not fit is kept and said to be kept, and follows in order, as much as fits at a time", () => {
  const rig = new Rig();
  const { writer, engine } = rig;
  writer.write(large);
  const kept = [1, 2, 3, 4, 5].map((mark) => writer.write(Buffer.alloc(32 * 1024, String(mark))));
  assert.deepEqual(kept, [true, true, true, false, false]);
  assert.equal(writer.write("6"), true, "text is not lent");
  while (engine.request !== null) engine.complete();
  assert.deepEqual(rig.lengths(), [32 * 1024, gatherBytes, 64 * 1024 + 1]);
  assert.equal(engine.written.join("").replaceAll(/(.)\1*/g, "$1"), "b123456");
  assert.equal(rig.writtenCount, 1);
});

test("what would fit does not overtake what did not", () => {
  const { writer, engine } = new Rig();
  writer.write(large);
  writer.write(Buffer.alloc(gatherBytes - 100, "1"));
  writer.write(Buffer.alloc(200, "2"));
  writer.write("3");
  while (engine.request !== null) engine.complete();
  assert.equal(engine.written.join("").replaceAll(/(.)\1*/g, "$1"), "b123");
});

test("text longer than any memory it could be gathered in goes out alone", () => {
  const { writer, engine } = new Rig();
  writer.write(large);
  writer.write("t".repeat(gatherBytes + 1));
  engine.complete();
  assert.equal(engine.written[1]?.length, gatherBytes + 1);
});

test("what the kernel took is no backlog, what waits behind it is", () => {
  const { writer, engine } = new Rig();
  writer.write(large);
  engine.writeQueueSize = 33_000;
  assert.equal(writer.backlog, 0);
  engine.socketQueueSize = 20_000;
  assert.equal(writer.backlog, 33_000);
  writer.write("12345");
  assert.equal(writer.backlog, 33_005);
});

test("without a socket to ask, everything counts until it is handed on", () => {
  const { writer, engine } = new Rig(false);
  writer.write(large);
  engine.writeQueueSize = 33_000;
  assert.equal(writer.backlog, 33_000);
});

test("a write that fails is told once, and nothing is written afterwards", async () => {
  const rig = new Rig();
  rig.engine.error = -32;
  rig.writer.write("a");
  await turnEnded();
  assert.deepEqual(rig.failures, [-32]);
  rig.engine.error = 0;
  await turnEnded();
  assert.deepEqual([rig.engine.written, rig.writer.isBusy], [[], false]);
});

test("a write that fails later is told as well", () => {
  const rig = new Rig();
  rig.writer.write(large);
  rig.writer.write("lost");
  rig.engine.complete(-104);
  assert.deepEqual([rig.failures, rig.lengths()], [[-104], [large.length]]);
});

test("gathering costs no memory per write", () => {
  const { writer, engine, gatherBuffers } = new Rig();
  const only = Buffer.alloc(gatherBytes);
  gatherBuffers.give(only);
  writer.write(large);
  for (let round = 0; round < 5; round++) {
    writer.write("more");
    engine.complete();
  }
  assert.equal(gatherBuffers.take(), only);
});
