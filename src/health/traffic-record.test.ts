import assert from "node:assert/strict";
import { test } from "node:test";
import { TrafficRecord, type Outcome } from "./traffic-record.ts";

const rows: { name: string; outcomes: Outcome[]; rows: [all: number, gateway: number, local: number] }[] = [
  { name: "nothing yet", outcomes: [], rows: [0, 0, 0] },
  {
    name: "every failure counts in the row of any kind",
    outcomes: ["failure", "gateway", "local"],
    rows: [3, 1, 1],
  },
  { name: "a success ends all rows", outcomes: ["gateway", "local", "success"], rows: [0, 0, 0] },
  {
    name: "a 500 ends the row of gateway failures",
    outcomes: ["gateway", "gateway", "failure"],
    rows: [3, 0, 0],
  },
  {
    name: "no answer leaves the row of gateway failures as it is",
    outcomes: ["gateway", "local"],
    rows: [2, 1, 1],
  },
  {
    name: "any answer ends the row of attempts without one",
    outcomes: ["local", "local", "gateway"],
    rows: [3, 1, 0],
  },
];
for (const { name, outcomes, rows: expected } of rows) {
  test(`rows of failures: ${name}`, () => {
    const record = new TrafficRecord();
    for (const outcome of outcomes) record.observe(outcome, 5);
    assert.deepEqual(
      [record.failuresInRow, record.gatewayFailuresInRow, record.localFailuresInRow],
      expected,
    );
  });
}

test("sums go on over rows, and latency counts for successes only", () => {
  const record = new TrafficRecord();
  record.observe("success", 10);
  record.observe("failure", 1);
  record.observe("success", 20);
  record.forgetRows();
  assert.deepEqual([record.successes, record.failures, record.successLatencyMsSum], [2, 1, 30]);
});
