import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { errorTable } from "../core/errors.ts";
import { type CountedExchange, ExchangeCounters } from "./exchange-counters.ts";

function exchange(changes: Partial<CountedExchange> = {}): CountedExchange {
  return {
    listenerName: "main",
    routeName: "all",
    poolName: "app",
    status: 200,
    cause: null,
    attemptCount: 1,
    failedAttempts: [],
    requestBodyBytes: 10,
    responseBodyBytes: 100,
    durationMs: 8,
    queueMs: 0,
    connectMs: null,
    firstByteMs: 4,
    isTunnel: false,
    ...changes,
  };
}

const names = { listeners: ["main", "other"], routes: ["all"], pools: ["app", "idle"] };

function counters(workerCount = 2): ExchangeCounters {
  const made = ExchangeCounters.create(workerCount);
  made.setNames(names);
  return made;
}

function causeOf(made: ExchangeCounters, cause: string) {
  return made.readCauses().find((row) => row.cause === cause);
}

test("an exchange counts once in everything it has a name of, by status class, with its bytes", () => {
  const made = counters();
  made.exchangeFinished(exchange());
  made.exchangeFinished(exchange({ status: 404 }));
  made.exchangeFinished(exchange({ status: 0 }));
  const expected = {
    requestsByClass: [1, 0, 1, 0, 1, 0],
    bytesIn: 30,
    bytesOut: 300,
    retries: 0,
    refusedHeads: 0,
  };
  const empty = { requestsByClass: [0, 0, 0, 0, 0, 0], bytesIn: 0, bytesOut: 0, retries: 0, refusedHeads: 0 };
  assert.deepEqual(made.readTotal(), expected);
  assert.deepEqual(made.readListeners(), [
    { name: "main", totals: expected },
    { name: "other", totals: empty },
  ]);
  assert.deepEqual(made.readRoutes(), [{ name: "all", totals: expected }]);
  assert.deepEqual(
    made.readPools().map(({ name, totals }) => ({ name, totals })),
    [
      { name: "app", totals: expected },
      { name: "idle", totals: empty },
    ],
  );
});

test("every status has a class or none", () => {
  const made = counters();
  for (let status = 0; status < 1000; status++) made.exchangeFinished(exchange({ status }));
  assert.deepEqual(made.readTotal().requestsByClass, [500, 100, 100, 100, 100, 100]);
});

test("phases are recorded where they happened", () => {
  const made = counters();
  made.exchangeFinished(exchange({ queueMs: 2, connectMs: 1, firstByteMs: 4, durationMs: 8 }));
  made.exchangeFinished(exchange({ firstByteMs: null, durationMs: 16 }));
  const { queue, connect, firstByte, total } = made.readPools()[0]!.phases;
  const shown = [queue, connect, firstByte, total].map(({ latency, sumMs }) => [latency.count, sumMs]);
  assert.deepEqual(shown, [[1, 2], [1, 1], [1, 4], [2, 24]]); // oxfmt-ignore
  assert.ok(Math.abs((total.latency.percentile(1) ?? 0) - 16) < 0.3);
});

test("the length of a tunnel and of an abandoned exchange is no latency", () => {
  const made = counters();
  made.exchangeFinished(exchange({ status: 101, isTunnel: true, durationMs: 60_000 }));
  made.exchangeFinished(
    exchange({ status: 499, cause: "client-gone", durationMs: 60_000, firstByteMs: null }),
  );
  assert.equal(made.readPools()[0]!.phases.total.latency.count, 0);
  assert.equal(made.readTotal().requestsByClass[4], 1);
});

const attempt = (cause: keyof typeof errorTable) => ({ cause });
const refused = attempt("connect-refused");
const attempts: readonly (readonly [string, Partial<CountedExchange>, number, number, number])[] = [
  ["a failure that a second attempt made good", { attemptCount: 2, failedAttempts: [refused] }, 1, 1, 0],
  [
    "two failures, the second final",
    { attemptCount: 2, failedAttempts: [refused, refused], status: 502, cause: "connect-refused" },
    1,
    2,
    1,
  ],
  [
    "a failure, then the deadline during the second attempt",
    { attemptCount: 2, failedAttempts: [refused], status: 504, cause: "exchange-timeout" },
    1,
    1,
    0,
  ],
  ["a failure not retried", { failedAttempts: [refused], status: 502, cause: "connect-refused" }, 0, 1, 1],
  ["a hedge that lost", { attemptCount: 2 }, 1, 0, 0],
  ["no attempt at all", { attemptCount: 0, status: 503, cause: "no-endpoint" }, 0, 0, 0],
];

for (const [name, changes, retries, attemptCount, exchanges] of attempts) {
  test(`retries and causes of ${name}`, () => {
    const made = counters();
    made.exchangeFinished(exchange(changes));
    assert.equal(made.readTotal().retries, retries);
    assert.equal(made.readPools()[0]!.totals.retries, retries);
    assert.deepEqual(causeOf(made, "connect-refused"), {
      cause: "connect-refused",
      exchanges,
      attempts: attemptCount,
    });
  });
}

test("a refused head counts for its listener and its cause, not as an exchange", () => {
  const made = counters();
  made.headRefused("main", "bad-header");
  assert.equal(made.readListeners()[0]!.totals.refusedHeads, 1);
  assert.deepEqual(made.readTotal().requestsByClass, [0, 0, 0, 0, 0, 0]);
  assert.equal(causeOf(made, "bad-header")?.exchanges, 1);
});

test("every cause of the table has a counter of its own", () => {
  const made = counters();
  const all = Object.keys(errorTable);
  all.forEach((cause, index) => {
    for (let count = 0; count <= index; count++) made.headRefused("main", cause);
  });
  assert.deepEqual(
    made.readCauses().map(({ cause, exchanges, attempts }) => [cause, exchanges, attempts]),
    all.map((cause, index) => [cause, index + 1, 0]),
  );
});

test("names without counters count in the total only", () => {
  const made = counters();
  made.exchangeFinished(exchange({ listenerName: "x", routeName: "x", poolName: "x" }));
  assert.equal(made.readTotal().requestsByClass[2], 1);
  assert.equal(made.readPools()[0]!.totals.requestsByClass[2], 0);
});

test("a reload keeps the counts of names that stay, and workers attached before still reach them", () => {
  const made = counters();
  const before = ExchangeCounters.attach(made.share(), 1);
  made.exchangeFinished(exchange());
  made.setNames({ listeners: ["main"], routes: ["all", "new"], pools: ["app"] });
  const after = ExchangeCounters.attach(made.share(), 1);
  before.exchangeFinished(exchange());
  after.exchangeFinished(exchange());
  after.exchangeFinished(exchange({ routeName: "new" }));
  assert.deepEqual(
    made.readRoutes().map(({ name, totals }) => [name, totals.requestsByClass[2]]),
    [
      ["all", 3],
      ["new", 1],
    ],
  );
  assert.equal(made.readPools()[0]!.phases.total.latency.count, 4);
  assert.deepEqual(
    made.readListeners().map(({ name }) => name),
    ["main"],
  );
});

test("workers that count at the same time lose nothing", async () => {
  const workerCount = 3;
  const made = counters(workerCount);
  const module = new URL("./exchange-counters.ts", import.meta.url).href;
  const source = `
    const { workerData } = require("node:worker_threads");
    import(${JSON.stringify(module)}).then(({ ExchangeCounters }) => {
      const own = ExchangeCounters.attach(workerData.shared, workerData.index);
      for (let count = 0; count < 20_000; count++) own.exchangeFinished(workerData.exchange);
    });`;
  const data = exchange({ connectMs: 0.5 });
  const workers = Array.from({ length: workerCount }, (_, index) => {
    return new Worker(source, { eval: true, workerData: { shared: made.share(), index, exchange: data } });
  });
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  assert.equal(made.readTotal().requestsByClass[2], 60_000);
  assert.equal(made.readPools()[0]!.phases.connect.latency.count, 60_000);
  assert.equal(made.readPools()[0]!.phases.total.sumMs, 60_000 * 8);
});

test("a worker beyond the number planned for is refused", () => {
  assert.throws(() => ExchangeCounters.attach(counters(2).share(), 2), /row/);
});
