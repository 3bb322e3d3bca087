/**
 * What the shared state and the limits cost per request: nanoseconds for endpoint state, retry budget,
 * eligibility, rate and connection limits, alone and while a second thread works on the same memory.
 * `node bench/limits.ts`
 */
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { Histogram, histogramBuckets } from "../src/core/histogram.ts";
import { seededRandom } from "../src/core/random.ts";
import { ConcurrencyLimit, type ConcurrencySettings } from "../src/limits/concurrency-limit.ts";
import { ConnectionLimit } from "../src/limits/connection-limit.ts";
import { RateLimiter, type RateLimitSettings, type RateLimiterShare } from "../src/limits/rate-limiter.ts";
import { EndpointState } from "../src/upstream/endpoint-state.ts";
import { RetryBudget } from "../src/upstream/retry-budget.ts";

const rounds = 7;
const startMs = 1_795_230_540_000;
const clients = Array.from({ length: 1024 }, (_, index) => `192.0.${index >> 6}.${index & 63}`);
const latencies = Array.from({ length: 1024 }, (_, index) => 0.3 + (index * 37) / 100);
const rate: RateLimitSettings = {
  requests: 100,
  periodMs: 1000,
  burst: 50,
  delayMaxMs: 0,
  keysMax: 100_000,
  mode: "enforce",
};
const concurrency: ConcurrencySettings = {
  min: 3,
  max: 1000,
  initial: 100,
  tolerance: 0.25,
  intervalMs: 100,
  baselineIntervalMs: 60_000,
  baselineRequests: 50,
  mode: "enforce",
};

/** Best of several rounds, in ns: the others were disturbed. */
function measure(title: string, times: number, work: (turn: number) => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const begun = process.hrtime.bigint();
    for (let turn = 0; turn < times; turn++) work(turn);
    best = Math.min(best, Number(process.hrtime.bigint() - begun) / times);
  }
  console.log(`${best.toFixed(1).padStart(8)} ns  ${title}`);
}

function benchHistogram(): void {
  const alone = new Histogram();
  measure("histogram, one writer", 3e6, (turn) => alone.record(latencies[turn & 1023]!));
  const shared = new Histogram(new Uint32Array(new SharedArrayBuffer(histogramBuckets * 4)));
  measure("histogram, many writers", 3e6, (turn) => shared.recordShared(latencies[turn & 1023]!));
}

function benchEndpoint(workers: number): void {
  const states = Array.from({ length: 4 }, () => EndpointState.create(workers));
  measure(`endpoint state, start and finish, ${workers} worker(s)`, 2e6, (turn) => {
    const state = states[turn & 3]!;
    state.requestStarted();
    state.requestFinished(200, latencies[turn & 1023]!, false, 100, 200, startMs + turn * 0.01);
  });
  let sum = 0;
  measure(`endpoint state, read by a policy, ${workers} worker(s)`, 3e6, (turn) => {
    const state = states[turn & 3]!;
    if (state.isEligible && !state.isFull) sum += state.activeRequests + state.weight;
    sum += state.peakLatencyMs(startMs + turn * 0.01) ?? 0;
  });
  if (sum < 0) throw new Error("latencies are positive");
}

function benchBudget(): void {
  const budget = RetryBudget.create(2, { share: 0.2, floor: 3 });
  measure("retry budget, deposit", 3e6, (turn) => budget.requestStarted(startMs + turn * 0.01));
}

function benchLimits(): void {
  const alone = RateLimiter.create(rate, 1, seededRandom(1), startMs);
  measure("rate limit, a thousand clients, one worker", 2e6, (turn) => {
    alone.check(clients[turn & 1023]!, startMs + turn * 0.01);
  });
  const limiter = RateLimiter.create(rate, 2, seededRandom(1), startMs);
  measure("rate limit, a thousand clients", 2e6, (turn) => {
    limiter.check(clients[turn & 1023]!, startMs + turn * 0.01);
  });
  measure("rate limit, one key", 2e6, (turn) => void limiter.check("route", startMs + turn * 0.01));
  let stranger = 0;
  measure("rate limit, a flood of strangers", 3e5, (turn) => {
    limiter.check(String(stranger++), startMs + turn * 0.01);
  });
  const connections = ConnectionLimit.create(
    { max: 100, keysMax: 100_000, mode: "enforce" },
    2,
    seededRandom(1),
  );
  measure("connection limit, open and close", 2e6, (turn) =>
    connections.close(connections.open(clients[turn & 1023]!)),
  );
  const adaptive = ConcurrencyLimit.create(concurrency, 2, seededRandom(1), startMs);
  measure("adaptive concurrency, start and finish", 1e6, (turn) => {
    const nowMs = startMs + turn * 0.01;
    if (adaptive.tryStart(true)) adaptive.finished(nowMs - latencies[turn & 1023]!, nowMs, true);
  });
}

interface RivalData {
  readonly endpoint: SharedArrayBuffer;
  readonly limiter: RateLimiterShare;
  readonly turn: SharedArrayBuffer;
}

/** The same work beside a thread that does nothing else: the worst that contention can do. */
async function benchContention(): Promise<void> {
  const state = EndpointState.create(2);
  const limiter = RateLimiter.create(rate, 2, seededRandom(1), startMs);
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const rival = new Worker(new URL(import.meta.url), {
    workerData: { endpoint: state.buffer, limiter: limiter.share, turn: turn.buffer } satisfies RivalData,
  });
  while (Atomics.load(turn, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  measure("endpoint state, start and finish, beside a busy thread", 1e6, (step) => {
    state.requestStarted();
    state.requestFinished(200, latencies[step & 1023]!, false, 100, 200, startMs + step * 0.01);
  });
  measure("rate limit, one key, beside a busy thread", 1e6, (step) => {
    limiter.check("route", startMs + step * 0.01);
  });
  await rival.terminate();
}

function beRival(data: RivalData): void {
  const state = EndpointState.attach(data.endpoint, 1);
  const limiter = RateLimiter.attach(data.limiter, 1, rate);
  Atomics.store(new Int32Array(data.turn), 0, 1);
  for (let step = 0; ; step++) {
    state.requestStarted();
    state.requestFinished(200, latencies[step & 1023]!, false, 100, 200, startMs + step * 0.01);
    limiter.check("route", startMs + step * 0.01);
  }
}

if (isMainThread) {
  benchHistogram();
  benchEndpoint(1);
  benchEndpoint(2);
  benchBudget();
  benchLimits();
  await benchContention();
} else {
  beRival(workerData as RivalData);
}
