import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { SourceAnswer } from "./endpoint-source.ts";
import { PolledSource } from "./polled-source.ts";

class Bench {
  readonly clock = new VirtualClock();
  readonly asked: number[] = [];
  readonly told: string[] = [];
  isClosed = 0;
  #done: ((answer: SourceAnswer) => void) | null = null;
  readonly source: PolledSource;

  constructor(jitter = 0, random = 0.5) {
    this.source = new PolledSource({
      clock: this.clock,
      random: { next: () => random },
      jitter,
      look: (done) => {
        this.asked.push(this.clock.nowMs());
        this.#done = done;
        return () => (this.#done = null);
      },
      close: () => this.isClosed++,
    });
    this.source.start({
      found: (endpoints) => this.told.push(`found ${endpoints.length}`),
      failed: (reason) => this.told.push(reason),
    });
  }

  get isAsking(): boolean {
    return this.#done !== null;
  }

  found(nextMs: number): void {
    this.#done?.({ kind: "found", endpoints: [], nextMs });
  }

  failed(): void {
    this.#done?.({ kind: "failed", reason: "gone" });
  }
}

test("it asks again when the answer has ended, and not before", () => {
  const bench = new Bench();
  bench.found(2000);
  bench.clock.advance(1999);
  assert.deepEqual(bench.asked, [0]);
  bench.clock.advance(1);
  assert.deepEqual(bench.asked, [0, 2000]);
});

test("jitter only ever adds to the wait", () => {
  for (const [random, at] of [
    [0, 1000],
    [0.5, 1100],
    [0.999, 1199.8],
  ] as const) {
    const bench = new Bench(0.2, random);
    bench.found(1000);
    bench.clock.advance(5000);
    assert.equal(bench.asked[1], at);
  }
});

test("after failures it waits longer and longer, to a limit, and from the start after a good answer", () => {
  const bench = new Bench();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const before = bench.clock.nowMs();
    bench.failed();
    while (bench.asked.length < i + 2) bench.clock.advance(100);
    waits.push(bench.clock.nowMs() - before);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  bench.found(500);
  bench.clock.advance(500);
  bench.failed();
  bench.clock.advance(1000);
  assert.equal(bench.asked.length, 11);
});

test("closed, it gives up what it asks, and leaves no timer", () => {
  const asking = new Bench();
  asking.source.close();
  assert.equal(asking.isAsking, false);
  const waiting = new Bench();
  waiting.found(1000);
  waiting.source.close();
  assert.equal(waiting.clock.pendingCount, 0);
  assert.deepEqual([asking.isClosed, waiting.isClosed], [1, 1]);
});
