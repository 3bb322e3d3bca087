/** The arithmetic behind the benchmark's tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerResult, Sample } from "./measure.ts";
import { median, rowsOf, tableOf } from "./report.ts";
import { readH2load } from "./support/h2load.ts";
import { selfTimes } from "./support/cpu-profile.ts";
import { describeErrors } from "./support/wrk.ts";

const sample = (cpuMicroseconds: number): Sample => ({
  requestsPerSecond: 1000,
  cpuMicroseconds,
  p50Ms: 1,
  p99Ms: 2,
  foreignShare: 0,
});

const result = (
  peer: string,
  cpu: readonly (number | null)[],
  errors: readonly string[] = [],
): PeerResult => ({
  peer,
  samples: cpu.map((value) => (value === null ? null : sample(value))),
  peakBytes: 2 ** 20,
  errors,
});

test("a ratio is taken within each round, and its median is quoted", () => {
  const [, row] = rowsOf([result("nginx", [10, 20, 40]), result("headgate", [20, 20, 20])], "nginx");
  assert.deepEqual(row?.ratio, { middle: 1, low: 0.5, high: 2 });
  assert.equal(row?.cpuMicroseconds, 20);
});

test("a round without a result is left out of the ratio and the medians", () => {
  const [, row] = rowsOf([result("nginx", [10, 10, 10]), result("headgate", [null, 20, 40])], "nginx");
  assert.deepEqual(row?.ratio, { middle: 0.375, low: 0.25, high: 0.5 });
  assert.equal(row?.cpuMicroseconds, 30);
});

test("without the yardstick there is no ratio", () => {
  assert.equal(rowsOf([result("headgate", [10])], "nginx")[0]?.ratio, null);
});

test("a peer with any complaint is marked as failed in the table", () => {
  const table = tableOf(
    rowsOf([result("nginx", [10]), result("caddy", [50], ["round 1: errors: 3 status"])], "nginx"),
    "nginx",
  );
  assert.match(table, /^\| caddy \(FAILED\) \|/m);
  assert.doesNotMatch(table, /nginx \(FAILED\)/);
  assert.equal(new Set(table.split("\n").map((line) => line.length)).size, 1, table);
});

test("the median of an even count lies between the middle two", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([3, 1, 2]), 2);
});

test("every kind of wrk error is named, and a run without answers is an error", () => {
  const none = { connect: 0, read: 0, write: 0, status: 0, timeout: 0 };
  const run = { seconds: 1, requests: 5, bytes: 10, p50Ms: 1, p99Ms: 1, errors: none };
  assert.equal(describeErrors(run), null);
  assert.equal(
    describeErrors({ ...run, errors: { ...none, status: 2, timeout: 1 } }),
    "errors: 2 status, 1 timeout",
  );
  assert.equal(describeErrors({ ...run, requests: 0 }), "errors: no answer at all");
});

test("self times add up per function and leave waiting out", () => {
  const frame = (
    functionName: string,
    url: string,
  ): { functionName: string; url: string; lineNumber: number } => ({
    functionName,
    url,
    lineNumber: 6,
  });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame("(idle)", "") },
      { id: 2, callFrame: frame("parse", "file:///home/me/src/http1/head.ts") },
      { id: 3, callFrame: frame("parse", "file:///home/me/src/http1/head.ts") },
    ],
    startTime: 50_000,
    samples: [1, 2, 3, 2],
    timeDeltas: [9000, 1000, 2000, 3000],
  };
  assert.deepEqual(selfTimes(profile), {
    busyMs: 6,
    functions: [{ name: "parse", place: "src/http1/head.ts:7", selfMs: 6 }],
  });
  assert.equal(selfTimes(profile, 60_500, 62_500).busyMs, 2, "only what lies between the two moments");
});

/** What h2load 1.52 prints, shortened. */
const h2loadText = (
  protocol: string,
  cipher: string,
  succeeded: number,
  well: number,
): string => `starting benchmark...
TLS Protocol: TLSv1.3
Cipher: ${cipher}
Application protocol: ${protocol}

finished in 250.00ms, 16.00 req/s, 801.71KB/s
requests: 4 total, 4 started, 4 done, ${succeeded} succeeded, ${4 - succeeded} failed, 1 errored, 0 timeout
status codes: ${well} 2xx, 0 3xx, 0 4xx, ${succeeded - well} 5xx
traffic: 1.37MB (1440448) total, 1015.63KB (1040008) headers (space savings 46.94%), 39.06KB (40000) data
`;
const h2loadLog = "1\t200\t4000\n2\t200\t1000\n3\t200\t3000\n4\t200\t2000\n";

test("of h2load's figures only answers with 2xx count, and the others are errors", () => {
  const result = readH2load(h2loadText("h2", "TLS_AES_128_GCM_SHA256", 3, 2), h2loadLog, 4, true);
  assert.deepEqual(result, {
    seconds: 0.25,
    requests: 2,
    bytes: 40_000,
    p50Ms: 3,
    p99Ms: 4,
    errors: { failed: 1, errored: 1, timeout: 0, "not 2xx": 2 },
  });
  assert.equal(describeErrors(result), "errors: 1 failed, 1 errored, 2 not 2xx");
  const sound = readH2load(h2loadText("h2c", "none", 4, 4), h2loadLog, 4, false);
  assert.equal(describeErrors({ ...sound, errors: { ...sound.errors, errored: 0 } }), null);
});

test("a proxy that answers h2load with another protocol or cipher is not measured", () => {
  const suite = "TLS_AES_128_GCM_SHA256";
  assert.throws(() => readH2load(h2loadText("http/1.1", suite, 4, 4), h2loadLog, 4, true), /spoke http/);
  assert.throws(
    () => readH2load(h2loadText("h2", "TLS_AES_256_GCM_SHA384", 4, 4), h2loadLog, 4, true),
    /spoke TLSv1.3, TLS_AES_256/,
  );
  assert.throws(() => readH2load("Application protocol: h2c\n", "", 4, false), /no result/);
});
