import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { errorTable } from "../core/errors.ts";
import { sampleRecord } from "../../test/support/access-records.ts";
import { Diagnosis } from "./diagnosis.ts";
import { type FailureBatch, FailureCollector } from "./failure-collector.ts";

function started(limits: { groupsMax?: number; tableMax?: number } = {}) {
  const clock = new VirtualClock();
  const batches: FailureBatch[] = [];
  const diagnosis = new Diagnosis(clock, limits.tableMax ?? 1000);
  const collector = new FailureCollector({
    clock,
    groupsMax: limits.groupsMax ?? 200,
    send(batch) {
      batches.push(structuredClone(batch));
      diagnosis.addBatch(structuredClone(batch));
    },
  });
  return { clock, batches, diagnosis, collector };
}

const refused = { endpoint: "b1", cause: "connect-refused", detail: "ECONNREFUSED", durationMs: 1 } as const;
const reset = { endpoint: "b2", cause: "reset-before-head", detail: "ECONNRESET", durationMs: 1 } as const;

test("an exchange without failure is no message and sets no timer", () => {
  const { clock, collector } = started();
  collector.exchangeFinished(sampleRecord());
  collector.exchangeFinished(sampleRecord({ status: 500 }));
  assert.equal(clock.pendingCount, 0);
});

test("a storm of failures is one message a second with one group for each kind", () => {
  const { clock, batches, collector } = started();
  for (let count = 0; count < 5000; count++) {
    collector.exchangeFinished(
      sampleRecord({ status: 502, cause: "connect-refused", failedAttempts: [refused] }),
    );
    collector.exchangeFinished(
      sampleRecord({ status: 404, cause: "no-route", routeName: "", poolName: "", endpoint: null }),
    );
  }
  assert.equal(batches.length, 0);
  clock.advance(1000);
  assert.equal(batches.length, 1);
  assert.deepEqual(
    batches[0]?.tallies.map(({ cause, endpoint, failed }) => [cause, endpoint, failed]),
    [
      ["connect-refused", "b1", 5000],
      ["no-route", "", 5000],
    ],
  );
  clock.advance(10_000);
  assert.equal(batches.length, 1);
});

const countings = [
  ["a failed attempt made good by another", { failedAttempts: [refused] }, [["connect-refused", "b1", 0, 1]]],
  [
    "two attempts of which the last ended the exchange",
    { status: 502, cause: "reset-before-head", detail: "ECONNRESET", failedAttempts: [refused, reset] },
    [
      ["connect-refused", "b1", 1, 0],
      ["reset-before-head", "b2", 1, 0],
    ],
  ],
  [
    "the deadline that passed during the second attempt",
    { status: 504, cause: "exchange-timeout", endpoint: { name: "b2" }, failedAttempts: [refused] },
    [
      ["connect-refused", "b1", 1, 0],
      ["exchange-timeout", "b2", 1, 0],
    ],
  ],
] as const;

for (const [name, changes, expected] of countings) {
  test(`counted: ${name}`, () => {
    const { collector, diagnosis } = started();
    collector.exchangeFinished(sampleRecord(changes));
    collector.flush();
    const shown = diagnosis.report().rows.map((row) => [row.cause, row.endpoint, row.failed, row.recovered]);
    assert.deepEqual(
      shown.toSorted((a, b) => String(a[1]).localeCompare(String(b[1]))),
      expected,
    );
  });
}

test("each cause of the table is reported with its own sentence and fix", () => {
  const { collector, diagnosis } = started();
  for (const cause of Object.keys(errorTable) as (keyof typeof errorTable)[]) {
    collector.exchangeFinished(sampleRecord({ cause, status: 502 }));
  }
  collector.flush();
  const { rows } = diagnosis.report();
  assert.equal(rows.length, Object.keys(errorTable).length);
  for (const row of rows) {
    assert.equal(row.sentence, errorTable[row.cause].sentence);
    assert.equal(row.fix, errorTable[row.cause].fix);
  }
});

test("a row tells when, how often, and shows the latest example, cut to size", () => {
  const { clock, collector, diagnosis } = started();
  const at = (target: string, requestId: string): void =>
    collector.exchangeFinished(
      sampleRecord({
        target,
        requestId,
        status: 502,
        cause: "bad-response",
        detail: "no status line",
        startedWallMs: clock.wallMs(),
        durationMs: 0,
      }),
    );
  const firstMs = clock.wallMs();
  at("/first", "r1");
  clock.advance(120_000);
  at(`/${"x".repeat(10_000)}`, "r2");
  const lastMs = clock.wallMs();
  clock.advance(1000);
  const [row] = diagnosis.report().rows;
  assert.deepEqual([row?.failed, row?.firstSeenWallMs, row?.lastSeenWallMs], [2, firstMs, lastMs]);
  assert.deepEqual([row?.example.requestId, row?.example.detail], ["r2", "no status line"]);
  assert.ok((row?.example.target.length ?? 0) < 600);
});

test("what is older than an hour counts no more, and then the group is gone", () => {
  const { clock, collector, diagnosis } = started();
  const fail = (): void => {
    collector.exchangeFinished(sampleRecord({ status: 503, cause: "no-endpoint" }));
    collector.flush();
  };
  fail();
  clock.advance(30 * 60_000);
  fail();
  fail();
  assert.equal(diagnosis.report().rows[0]?.failed, 3);
  clock.advance(31 * 60_000);
  assert.equal(diagnosis.report().rows[0]?.failed, 2);
  clock.advance(30 * 60_000);
  assert.deepEqual(diagnosis.report().rows, []);
});

test("a batch has a bounded number of groups and says what it left out", () => {
  const { collector, diagnosis } = started({ groupsMax: 2 });
  for (const routeName of ["a", "b", "c", "a", "d"]) {
    collector.exchangeFinished(sampleRecord({ routeName, status: 503, cause: "no-endpoint" }));
  }
  collector.flush();
  const { rows, ungrouped } = diagnosis.report();
  assert.deepEqual(rows.map(({ route, failed }) => [route, failed]), [["a", 2], ["b", 1]]); // oxfmt-ignore
  assert.equal(ungrouped, 2);
});

test("a full table forgets the group seen longest ago", () => {
  const { clock, collector, diagnosis } = started({ tableMax: 2 });
  for (const routeName of ["a", "b", "a", "c"]) {
    collector.exchangeFinished(sampleRecord({ routeName, status: 503, cause: "no-endpoint" }));
    clock.advance(1000);
  }
  assert.deepEqual(
    diagnosis
      .report()
      .rows.map(({ route }) => route)
      .toSorted(),
    ["a", "c"],
  );
  diagnosis.clear();
  assert.deepEqual(diagnosis.report(), { rows: [], ungrouped: 0 });
});

test("a refused head is known by its listener", () => {
  const { clock, collector, diagnosis } = started();
  collector.headRefused("main", "bad-request-line", 400, "192.0.2.1");
  clock.advance(1000);
  const [row] = diagnosis.report().rows;
  assert.deepEqual(
    [row?.cause, row?.listener, row?.example.clientAddress],
    ["bad-request-line", "main", "192.0.2.1"],
  );
  assert.equal(row?.example.wallMs, clock.wallMs() - 1000);
});
