import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { RetryBudget } from "./retry-budget.ts";

const settings = { share: 0.2, floor: 3 };

describe("RetryBudget", () => {
  it("always allows the floor in flight, and no more without requests", () => {
    const budget = RetryBudget.create(1, settings);
    assert.deepEqual(
      [budget.tryStart(0), budget.tryStart(0), budget.tryStart(0), budget.tryStart(0)],
      [true, true, true, false],
    );
    budget.finished();
    assert.equal(budget.inFlight, 2);
    assert.equal(budget.tryStart(0), true);
  });

  it("allows the share of the requests beyond the floor", () => {
    const budget = RetryBudget.create(1, { share: 0.2, floor: 0 });
    for (let requests = 0; requests < 50; requests++) budget.requestStarted(500);
    let retries = 0;
    while (budget.tryStart(900)) retries++;
    assert.equal(retries, 10);
  });

  it("never allows any when share and floor are 0", () => {
    const budget = RetryBudget.create(1, { share: 0, floor: 0 });
    for (let requests = 0; requests < 1000; requests++) budget.requestStarted(0);
    assert.equal(budget.tryStart(0), false);
  });

  it("forgets deposits after ten seconds and not before", () => {
    for (const [laterMs, balance] of [
      [9_000, 20],
      [9_999, 20],
      [10_001, 0],
      [500_000, 0],
    ] as const) {
      const budget = RetryBudget.create(1, settings);
      for (let requests = 0; requests < 100; requests++) budget.requestStarted(1_700_000_000_000);
      assert.equal(budget.balance(1_700_000_000_000 + laterMs), balance, `${laterMs}`);
    }
  });

  it("does not turn back when another worker's clock is a little behind", () => {
    const budget = RetryBudget.create(2, settings);
    const other = RetryBudget.attach(budget.buffer, 1, settings);
    for (let requests = 0; requests < 50; requests++) {
      budget.requestStarted(20_000);
      other.requestStarted(19_999);
    }
    assert.equal(budget.balance(20_001), 20);
  });

  it("starts afresh when the clock was set back far", () => {
    const budget = RetryBudget.create(1, settings);
    budget.requestStarted(9_000_000);
    budget.requestStarted(1_000_000);
    assert.equal(budget.balance(1_000_000), 0.2);
  });

  it("keeps retries of everything that fails within the share, at a steady rate", () => {
    const budget = RetryBudget.create(1, { share: 0.2, floor: 1 });
    let retries = 0;
    const requests = 20_000;
    for (let request = 0; request < requests; request++) {
      const nowMs = request * 2;
      budget.requestStarted(nowMs);
      // Each request would be tried three times; each retry lasts until the next request.
      const granted = [budget.tryStart(nowMs), budget.tryStart(nowMs)].filter(Boolean).length;
      retries += granted;
      if (request % 5 === 4) while (budget.inFlight > 1) budget.finished();
    }
    assert.ok(retries / requests <= 0.2 + 0.001, `${retries / requests}`);
    assert.ok(retries / requests > 0.19, `${retries / requests}`);
  });

  it("gives back what a dead worker had in flight", () => {
    const budget = RetryBudget.create(2, settings);
    const other = RetryBudget.attach(budget.buffer, 1, settings);
    assert.ok(budget.tryStart(0) && other.tryStart(0) && other.tryStart(0));
    budget.releaseWorker(1);
    assert.equal(budget.inFlight, 1);
  });

  it("never grants more over any ten seconds than share and floor together explain", () => {
    const step = fc.tuple(fc.nat(1500), fc.nat(20), fc.nat(20));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = RetryBudget.create(1, { share: 0.5, floor: 0 });
        let nowMs = 1_000_000;
        const requestTimes: number[] = [];
        const retryTimes: number[] = [];
        for (const [waitMs, requests, retries] of steps) {
          nowMs += waitMs;
          for (let i = 0; i < requests; i++) {
            budget.requestStarted(nowMs);
            requestTimes.push(nowMs);
          }
          for (let i = 0; i < retries; i++) {
            if (budget.tryStart(nowMs)) retryTimes.push(nowMs);
          }
          for (const start of retryTimes) {
            const end = start + 1000;
            const granted = retryTimes.filter((time) => time >= start && time <= end).length;
            const asked = requestTimes.filter((time) => time > start - 10_000 && time <= end).length;
            assert.ok(granted <= 0.5 * asked + 1e-9, `${granted} of ${asked}`);
          }
        }
      }),
    );
  });
});
