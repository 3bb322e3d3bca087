/** What counting one exchange costs, in nanoseconds. `node bench/exchange-counters.ts` */
import { Histogram, histogramBuckets } from "../src/core/histogram.ts";
import { type CountedExchange, ExchangeCounters } from "../src/observability/exchange-counters.ts";

const routes = Array.from({ length: 20 }, (_, index) => `route-${index}`);
const pools = ["app", "static", "api"];
const counters = ExchangeCounters.create(2);
counters.setNames({ listeners: ["main"], routes, pools });

function exchanges(isFresh: boolean): readonly CountedExchange[] {
  return Array.from({ length: 1024 }, (_, index) => ({
    listenerName: "main",
    routeName: routes[index % routes.length] ?? "",
    poolName: pools[index % pools.length] ?? "",
    status: 200,
    cause: null,
    attemptCount: 1,
    failedAttempts: [],
    requestBodyBytes: 0,
    responseBodyBytes: 1000 + index,
    durationMs: 0.3 + (index % 200) * 0.013,
    queueMs: 0,
    connectMs: isFresh ? 0.25 : null,
    firstByteMs: 0.25 + (index % 200) * 0.011,
    isTunnel: false,
  }));
}

function measure(label: string, run: (index: number) => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 2000; round++) {
    const from = process.hrtime.bigint();
    for (let index = 0; index < 1024; index++) run(index);
    const nanos = Number(process.hrtime.bigint() - from) / 1024;
    if (round >= 100) best = Math.min(best, nanos);
  }
  console.log(`${label.padEnd(52)} ${best.toFixed(1).padStart(6)} ns`);
}

const pooled = exchanges(false);
const fresh = exchanges(true);
measure("an exchange on a pooled connection", (index) => counters.exchangeFinished(pooled[index]!));
measure("an exchange on a new connection", (index) => counters.exchangeFinished(fresh[index]!));
const shared = new Histogram(new Uint32Array(new SharedArrayBuffer(histogramBuckets * 4)));
measure("one duration, written by one thread", (index) => shared.record(pooled[index]!.durationMs));
measure("one duration, added atomically", (index) => shared.recordShared(pooled[index]!.durationMs));
