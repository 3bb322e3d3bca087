import assert from "node:assert/strict";
import { test } from "node:test";
import { killUnderLoad } from "../support/killed-endpoint.ts";

const load = { connections: 64, before: 2000, after: 1500 };

test("no GET fails when an endpoint is killed under 64 connections", { timeout: 60_000 }, async () => {
  const { answered, failed, records } = await killUnderLoad({ ...load, method: "GET" });
  assert.deepEqual(failed, []);
  assert.ok(
    records.some(({ failedAttempts }) => failedAttempts.length > 0),
    "some of them met the dead endpoint",
  );
  assert.equal(answered, load.before + load.after);
});

test(
  "of POSTs only those fail that had been sent to it, each with its cause",
  { timeout: 60_000 },
  async () => {
    const { answered, failed, records } = await killUnderLoad({ ...load, method: "POST" });
    assert.equal(answered + failed.length, load.before + load.after);
    // A third of the connections had sent theirs to it: not one may have been sent again.
    assert.ok(failed.length > 0 && failed.length <= load.connections, `${failed.length} failed`);
    for (const outcome of failed) assert.match(outcome, /^502 (?:stale-connection|reset-before-head)$/);
    const lost = records.filter(({ status }) => status !== 200);
    assert.equal(lost.length, failed.length);
    for (const { endpoint, attemptCount } of lost) {
      assert.equal(endpoint?.name, "origin-0");
      assert.equal(attemptCount, 1, "it was sent once");
    }
  },
);
