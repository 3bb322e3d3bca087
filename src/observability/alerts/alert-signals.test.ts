import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../../core/histogram.ts";
import { AlertSignals, type PoolSignalReading } from "./alert-signals.ts";

const nothingElse = { certificates: [], workers: [], isLastReloadApplied: true };

class Pool {
  requests = 0;
  errors = 0;
  readonly latency = new Histogram();
  readonly firstByte = new Histogram();

  serve(count: number, errors: number, latencyMs: number, firstByteMs = latencyMs / 2): void {
    this.requests += count;
    this.errors += errors;
    for (let index = 0; index < count; index++) {
      this.latency.record(latencyMs);
      this.firstByte.record(firstByteMs);
    }
  }

  reading(changes: Partial<PoolSignalReading> = {}): PoolSignalReading {
    const { requests, errors } = this;
    const latencyCounts = this.latency.counts;
    const firstByteCounts = this.firstByte.counts;
    const members = { endpoints: 4, eligible: 3, ejected: 1 };
    return { name: "app", requests, errors, latencyCounts, firstByteCounts, ...members, ...changes };
  }
}

function valueOf(
  signals: AlertSignals,
  nowMs: number,
  pool: PoolSignalReading,
  name: string,
): number | null | undefined {
  const read = signals.read(nowMs, 0, { ...nothingElse, pools: [pool] });
  return read.find(({ signal }) => signal === name)?.value;
}

test("shares and percentiles are those of the last minute", () => {
  const signals = new AlertSignals();
  const pool = new Pool();
  pool.serve(10_000, 10_000, 900);
  signals.read(0, 0, { ...nothingElse, pools: [pool.reading()] });
  for (let second = 10; second <= 60; second += 10) {
    pool.serve(100, 10, 5);
    assert.equal(valueOf(signals, second * 1000, pool.reading(), "error-share"), 0.1);
  }
  pool.serve(600, 0, 20);
  const share = valueOf(signals, 70_000, pool.reading(), "error-share");
  assert.equal(share, 50 / 1100);
  const p99 = valueOf(signals, 80_000, pool.reading(), "latency-p99-ms") ?? 0;
  assert.ok(Math.abs(p99 - 20) < 0.4, String(p99));
  const firstByte = valueOf(signals, 80_000, pool.reading(), "first-byte-p99-ms") ?? 0;
  assert.ok(Math.abs(firstByte - 10) < 0.2, String(firstByte));
});

test("a handful of requests says nothing", () => {
  const signals = new AlertSignals();
  const pool = new Pool();
  signals.read(0, 0, { ...nothingElse, pools: [pool.reading()] });
  pool.serve(19, 19, 5);
  assert.equal(valueOf(signals, 10_000, pool.reading(), "error-share"), null);
  pool.serve(1, 1, 5);
  assert.equal(valueOf(signals, 20_000, pool.reading(), "error-share"), 1);
});

test("a pool made anew under its old name begins anew", () => {
  const signals = new AlertSignals();
  const before = new Pool();
  before.serve(1000, 0, 5);
  signals.read(0, 0, { ...nothingElse, pools: [before.reading()] });
  const after = new Pool();
  after.serve(500, 500, 5);
  assert.equal(valueOf(signals, 10_000, after.reading(), "error-share"), null);
  after.serve(100, 50, 5);
  assert.equal(valueOf(signals, 20_000, after.reading(), "error-share"), 0.5);
});

test("endpoints, certificates, workers and the last reload become signals", () => {
  const signals = new AlertSignals();
  const read = signals.read(0, 1000, {
    pools: [
      new Pool().reading(),
      { ...new Pool().reading(), name: "empty", endpoints: 0, eligible: 0, ejected: 0 },
    ],
    certificates: [{ name: "example.com", expiresWallMs: 1000 + 3 * 86_400_000 }],
    workers: [{ worker: "1", loopUtilization: 0.75 }],
    isLastReloadApplied: false,
  });
  const shown = read
    .filter(({ value }) => value !== null)
    .map(({ signal, subject, value }) => `${signal} ${subject} ${value}`);
  assert.deepEqual(shown, [
    "eligible-share app 0.75",
    "ejected-endpoints app 1",
    "ejected-endpoints empty 0",
    "certificate-days example.com 3",
    "loop-utilization 1 0.75",
    "reload-rejected  1",
  ]);
});
