import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { type LineSink, LineWriter } from "./line-writer.ts";

/** A sink that finishes writes when told to. */
class HeldSink implements LineSink {
  readonly chunks: string[] = [];
  reopenedAfter: number | null = null;
  isClosed = false;
  #lines: Buffer = Buffer.alloc(0);
  #done: ((error: Error | null) => void) | null = null;

  write(lines: Buffer, done: (error: Error | null) => void): void {
    assert.equal(this.#done, null, "one write at a time");
    this.#lines = lines;
    this.chunks.push(lines.toString());
    this.#done = done;
  }
  reopen(): void {
    this.reopenedAfter = this.chunks.length;
  }
  close(): void {
    this.isClosed = true;
  }
  finish(error: Error | null = null): void {
    const done = this.#done;
    assert.ok(done !== null, "a write is under way");
    this.#done = null;
    assert.equal(this.#lines.toString(), this.chunks.at(-1), "the memory is the sink's until it is done");
    done(error);
  }
}

function started(linesMax = 1000) {
  const clock = new VirtualClock();
  const sink = new HeldSink();
  return { clock, sink, writer: new LineWriter({ sink, clock, linesMax, flushDelayMs: 200 }) };
}

test("lines wait for company, but not longer than the delay", () => {
  const { clock, sink, writer } = started();
  writer.write("a\n");
  clock.advance(150);
  writer.write("b\n");
  assert.deepEqual(sink.chunks, []);
  clock.advance(50);
  assert.deepEqual(sink.chunks, ["a\nb\n"]);
  assert.equal(clock.pendingCount, 0);
});

test("a full chunk goes at once, and further ones while it is written wait their turn", () => {
  const { clock, sink, writer } = started();
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 280; count++) writer.write(line);
  assert.deepEqual(
    sink.chunks.map((chunk) => chunk.length),
    [128 * 1024],
  );
  sink.finish();
  assert.deepEqual(
    sink.chunks.map((chunk) => chunk.length),
    [128 * 1024, 128 * 1024],
  );
  clock.advance(200);
  sink.finish();
  sink.finish();
  assert.equal(sink.chunks.join(""), line.repeat(280));
  assert.deepEqual(writer.counts, { written: 280, dropped: 0, lost: 0, held: 0 });
});

test("beyond the limit lines are dropped and counted, and room made is used again", () => {
  const { clock, sink, writer } = started(3);
  for (const line of ["a\n", "b\n"]) writer.write(line);
  clock.advance(200);
  for (const line of ["c\n", "d\n", "e\n"]) writer.write(line);
  assert.deepEqual(writer.counts, { written: 0, dropped: 2, lost: 0, held: 3 });
  sink.finish();
  writer.write("f\n");
  clock.advance(200);
  sink.finish();
  assert.equal(sink.chunks.join(""), "a\nb\nc\nf\n");
  assert.deepEqual(writer.counts, { written: 4, dropped: 2, lost: 0, held: 0 });
});

test("a few very long lines count as many", () => {
  const { writer } = started(10);
  writer.write(`${"x".repeat(15_000)}\n`);
  writer.write(`${"x".repeat(15_000)}\n`);
  assert.deepEqual(writer.counts, { written: 0, dropped: 1, lost: 0, held: 1 });
});

test("what comes while the sink is slow goes out in one piece, however often it was to be flushed", () => {
  const { clock, sink, writer } = started();
  for (const line of ["a\n", "b\n", "c\n", "d\n"]) {
    writer.write(line);
    clock.advance(200);
  }
  sink.finish();
  sink.finish();
  assert.deepEqual(sink.chunks, ["a\n", "b\nc\nd\n"]);
  writer.write("e\n");
  assert.deepEqual(writer.counts, { written: 4, dropped: 0, lost: 0, held: 1 });
  assert.equal(sink.chunks.length, 2, "a flush long past does not make the next line hurry");
});

test("a line longer than a chunk has one of its own, in order", () => {
  const { clock, sink, writer } = started();
  const long = `${"x".repeat(200_000)}\n`;
  for (const line of ["a\n", long, "b\n"]) writer.write(line);
  clock.advance(200);
  for (let count = 0; count < 3; count++) sink.finish();
  assert.deepEqual(sink.chunks, ["a\n", long, "b\n"]);
});

test("a line's octets arrive as they are", () => {
  const { clock, sink, writer } = started();
  writer.write(`${Buffer.from("zwölf €").toString("latin1")}\n`);
  clock.advance(200);
  assert.deepEqual(sink.chunks, ["zwölf €\n"]);
});

test("a failed write loses its lines, counts them and lets the next ones through", () => {
  const { clock, sink, writer } = started();
  writer.write("a\n");
  clock.advance(200);
  writer.write("b\n");
  sink.finish(new Error("ENOSPC"));
  clock.advance(200);
  sink.finish();
  assert.deepEqual(sink.chunks, ["a\n", "b\n"]);
  assert.deepEqual(writer.counts, { written: 1, dropped: 0, lost: 1, held: 0 });
});

test("what came before a rotation is handed over before the file is opened again", () => {
  const { sink, writer } = started();
  writer.write("a\n");
  writer.reopen();
  assert.equal(sink.reopenedAfter, 1);
});

test("closing brings out what is held, then closes the sink and takes no more", () => {
  const { clock, sink, writer } = started();
  let isDone = false;
  writer.write("a\n");
  writer.close(() => (isDone = true));
  assert.deepEqual(sink.chunks, ["a\n"]);
  assert.equal(isDone, false);
  sink.finish();
  assert.ok(isDone && sink.isClosed);
  writer.write("b\n");
  assert.equal(writer.counts.dropped, 1);
  assert.equal(clock.pendingCount, 0);
});

test("a sink that finishes within the call is served without end of stack", () => {
  const clock = new VirtualClock();
  let octets = 0;
  const sink: LineSink = {
    write(lines, done) {
      octets += lines.length;
      done(null);
    },
    reopen() {},
    close() {},
  };
  const writer = new LineWriter({ sink, clock, linesMax: 10 });
  for (let count = 0; count < 100_000; count++) writer.write("0123456789abcdef0123456789abcdef\n");
  writer.close(() => {});
  assert.equal(octets + writer.counts.dropped * 33, 100_000 * 33);
});
