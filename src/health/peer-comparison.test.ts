import assert from "node:assert/strict";
import { test } from "node:test";
import {
  failureShareOutliers,
  latencyOutliers,
  successRateOutliers,
  type Interval,
  type Outlier,
} from "./peer-comparison.ts";

/** `a: 95/100` is 95 successes of 100 requests. */
function rates(...shares: readonly string[]): Interval<string>[] {
  return shares.map((share, index) => {
    const [successes = 0, total = 0] = share.split("/").map(Number);
    return { subject: "abcdefghij".charAt(index), successes, failures: total - successes, meanLatencyMs: 10 };
  });
}

function latencies(...meansMs: readonly (number | null)[]): Interval<string>[] {
  return meansMs.map((meanLatencyMs, index) => ({
    subject: "abcdefghij".charAt(index),
    successes: meanLatencyMs === null ? 0 : 100,
    failures: meanLatencyMs === null ? 100 : 0,
    meanLatencyMs,
  }));
}

function names(outliers: readonly Outlier<string>[]): string {
  return outliers.map(({ subject }) => subject).join("");
}

const successRate = { deviations: 1.9, endpointsMin: 5, requestsMin: 100 };
const successRows = [
  {
    name: "one far below the others",
    given: rates("99/100", "98/100", "99/100", "97/100", "40/100"),
    found: "e",
  },
  { name: "nobody among equals", given: rates("90/100", "90/100", "90/100", "90/100", "90/100"), found: "" },
  {
    name: "nobody when all fail alike",
    given: rates("0/100", "0/100", "0/100", "0/100", "0/100"),
    found: "",
  },
  { name: "nobody with too few endpoints", given: rates("99/100", "99/100", "99/100", "1/100"), found: "" },
  {
    name: "nobody when too few are busy",
    given: rates("99/100", "99/100", "99/100", "99/100", "0/99"),
    found: "",
  },
  {
    name: "an idle one neither counts nor is found",
    given: rates("99/100", "99/100", "99/100", "99/100", "98/100", "0/10", "20/100"),
    found: "g",
  },
];
for (const { name, given, found } of successRows) {
  test(`success rate against peers finds ${name}`, () => {
    assert.equal(names(successRateOutliers(given, successRate)), found);
  });
}

test("fewer deviations find more", () => {
  const given = rates("100/100", "99/100", "98/100", "97/100", "90/100");
  assert.equal(names(successRateOutliers(given, { ...successRate, deviations: 1.9 })), "e");
  assert.equal(names(successRateOutliers(given, { ...successRate, deviations: 2.1 })), "");
});

const failureShare = { threshold: 0.85, endpointsMin: 2, requestsMin: 50 };
const failureRows = [
  { name: "at the threshold", given: rates("15/100", "100/100"), found: "a" },
  { name: "not below it", given: rates("16/100", "100/100"), found: "" },
  { name: "all of them if all fail", given: rates("0/50", "0/50"), found: "ab" },
  { name: "nobody with too few requests", given: rates("0/49", "50/50"), found: "" },
];
for (const { name, given, found } of failureRows) {
  test(`share of failures finds ${name}`, () => {
    assert.equal(names(failureShareOutliers(given, failureShare)), found);
  });
}

const latency = { factor: 5, endpointsMin: 3, requestsMin: 20 };
const latencyRows = [
  { name: "one far above the median of the others", given: latencies(10, 12, 60), found: "c" },
  { name: "nobody below the factor", given: latencies(10, 12, 54), found: "" },
  { name: "two slow ones among five", given: latencies(10, 10, 10, 100, 90), found: "de" },
  { name: "nobody where a majority is slow", given: latencies(10, 100, 100), found: "" },
  { name: "nobody by fractions of a millisecond", given: latencies(0.1, 0.1, 0.9), found: "" },
  { name: "nobody with too few endpoints", given: latencies(10, 100), found: "" },
  { name: "nobody by failures, which have no latency", given: latencies(10, 10, null), found: "" },
];
for (const { name, given, found } of latencyRows) {
  test(`latency against peers finds ${name}`, () => {
    assert.equal(names(latencyOutliers(given, latency)), found);
  });
}

test("what was found says with which numbers", () => {
  assert.equal(
    latencyOutliers(latencies(10, 12, 60), latency)[0]?.detail,
    "latency 60.0 ms, median of the peers 11.0 ms",
  );
  assert.equal(
    failureShareOutliers(rates("0/50", "50/50"), failureShare)[0]?.detail,
    "100.0% of its requests failed",
  );
});
