import assert from "node:assert/strict";
import { test } from "node:test";
import { captureLog } from "../../../test/support/capture-log.ts";
import { turns } from "../../../test/support/signal.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import type { SpanExporter } from "./span-exporter.ts";
import { SpanQueue } from "./span-queue.ts";
import type { SpanRecord } from "./spans.ts";
import { TraceBatcher } from "./trace-batcher.ts";
import type { TracedExchange } from "./traced-exchange.ts";

function spans(count: number): SpanRecord[] {
  return Array.from({ length: count }, () => ({}) as SpanRecord);
}

/** Takes each batch when it is told to. */
class StubExporter implements SpanExporter {
  readonly batches: number[] = [];
  isClosed = false;
  #answer: (error: Error | null) => void = () => {};

  async send(batch: readonly SpanRecord[]): Promise<void> {
    this.batches.push(batch.length);
    const error = await new Promise<Error | null>((resolve) => (this.#answer = resolve));
    if (error !== null) throw error;
  }

  async answer(error: Error | null = null): Promise<void> {
    this.#answer(error);
    await turns(1);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function queueOf(exporter: SpanExporter) {
  const clock = new VirtualClock();
  const log = captureLog();
  const queue = new SpanQueue({ exporter, clock, log, spansMax: 10, batchMax: 4, delayMs: 1000 });
  return { clock, log, queue };
}

test("spans wait a moment for company; a full batch does not", async () => {
  const exporter = new StubExporter();
  const { clock, queue } = queueOf(exporter);
  queue.add(spans(2));
  clock.advance(999);
  assert.deepEqual(exporter.batches, []);
  clock.advance(1);
  assert.deepEqual(exporter.batches, [2]);
  await exporter.answer();
  queue.add(spans(4));
  assert.deepEqual(exporter.batches, [2, 4]);
  await exporter.answer();
  assert.deepEqual(queue.counts, { exported: 6, dropped: 0, failed: 0 });
});

test("a slow collector gets one batch at a time; what there is no room for is dropped and counted", async () => {
  const exporter = new StubExporter();
  const { queue } = queueOf(exporter);
  queue.add(spans(4));
  queue.add(spans(15));
  assert.deepEqual(exporter.batches, [4]);
  assert.equal(queue.counts.dropped, 5);
  await exporter.answer();
  await exporter.answer();
  await exporter.answer();
  assert.deepEqual(exporter.batches, [4, 4, 4, 2]);
});

test("what a collector refuses is lost, counted, and told once a minute", async () => {
  const exporter = new StubExporter();
  const { clock, log, queue } = queueOf(exporter);
  for (let i = 0; i < 3; i++) {
    queue.add(spans(4));
    await exporter.answer(new Error("503"));
  }
  assert.deepEqual(queue.counts, { exported: 0, dropped: 0, failed: 12 });
  assert.equal(log.entries.length, 1);
  clock.advance(60_000);
  queue.add(spans(4));
  await exporter.answer(new Error("503"));
  assert.equal(log.entries.length, 2);
});

test("closing brings out what is held", async () => {
  const exporter = new StubExporter();
  const { queue } = queueOf(exporter);
  queue.add(spans(3));
  const closed = queue.close();
  await exporter.answer();
  await closed;
  assert.deepEqual([exporter.batches, exporter.isClosed], [[3], true]);
});

test("a thread hands over a few batches a second and counts what does not fit", () => {
  const clock = new VirtualClock();
  const sent: (readonly [number, number])[] = [];
  const batcher = new TraceBatcher({
    clock,
    batchMax: 2,
    send: ({ exchanges, dropped }) => sent.push([exchanges.length, dropped]),
  });
  for (let i = 0; i < 5; i++) if (batcher.hasRoom()) batcher.add({} as TracedExchange);
  assert.deepEqual(sent, []);
  clock.advance(250);
  assert.deepEqual(sent, [[2, 3]]);
  if (batcher.hasRoom()) batcher.add({} as TracedExchange);
  batcher.flush();
  clock.advance(1000);
  assert.deepEqual(sent, [
    [2, 3],
    [1, 0],
  ]);
});
