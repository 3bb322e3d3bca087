import assert from "node:assert/strict";
import { test } from "node:test";
import { First } from "../balancing/first.ts";
import { seededRandom } from "../core/random.ts";
import { defaultEligibility } from "./eligibility.ts";
import { Pool } from "./pool.ts";
import { PoolVersion } from "./pool-version.ts";
import { RetryBudget } from "./retry-budget.ts";

function poolWith(backoffBaseMs: number, backoffMaxMs: number): Pool {
  const retry = {
    attemptsMax: 9,
    replayBytesMax: 0,
    on: new Set([]),
    statuses: new Set([]),
    grpcStatuses: new Set([]),
    isNonIdempotentAllowed: false,
    attemptTimeoutMs: Number.POSITIVE_INFINITY,
    backoffBaseMs,
    backoffMaxMs,
    isRetryAfterRespected: true,
  };
  return new Pool(
    { name: "app", observed: new Set(), observedZone: null, retry, eligibility: defaultEligibility },
    {
      protections: { count() {} },
      overload: null,
      sticky: null,
      endpoints: [],
      version: new PoolVersion(),
      random: seededRandom(7),
      budget: RetryBudget.create(1, { share: 0.2, floor: 3 }),
      hedgeDelayMs: () => null,
      queue: null,
      createPolicy: () => new First(),
    },
  );
}

test("the first retry follows at once, later ones after a random time whose bound doubles up to the longest", () => {
  const pool = poolWith(25, 120);
  assert.equal(pool.backoffMs(1), 0);
  for (const [retry, boundMs] of [
    [2, 50],
    [3, 100],
    [4, 120],
    [8, 120],
  ] as const) {
    const drawn = Array.from({ length: 500 }, () => pool.backoffMs(retry));
    assert.ok(drawn.every((ms) => ms >= 0 && ms < boundMs));
    // From end to end, not around the middle: those who failed together do not come back together.
    assert.ok(Math.min(...drawn) < boundMs * 0.1 && Math.max(...drawn) > boundMs * 0.9);
  }
});

test("without a base nobody waits", () => {
  assert.equal(poolWith(0, 250).backoffMs(5), 0);
});
