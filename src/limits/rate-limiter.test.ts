import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { seededRandom } from "../core/random.ts";
import { RateLimiter, type RateLimitSettings } from "./rate-limiter.ts";

const tenPerSecond: RateLimitSettings = {
  requests: 10,
  periodMs: 1000,
  burst: 4,
  delayMaxMs: 0,
  keysMax: 1000,
  mode: "enforce",
};

function make(settings: Partial<RateLimitSettings> = {}, nowMs = 0): RateLimiter {
  return RateLimiter.create({ ...tenPerSecond, ...settings }, 1, seededRandom(5), nowMs);
}

/** How many of `asked` requests in one instant pass. */
function admittedAt(limiter: RateLimiter, key: string, nowMs: number, asked = 20): number {
  let admitted = 0;
  for (let request = 0; request < asked; request++) {
    if (limiter.check(key, nowMs).judgement === "admit") admitted++;
  }
  return admitted;
}

describe("RateLimiter", () => {
  it("lets the burst and one more pass at once, then one per interval", () => {
    const limiter = make();
    assert.equal(admittedAt(limiter, "a", 0), 5);
    assert.equal(admittedAt(limiter, "a", 99), 0);
    assert.equal(admittedAt(limiter, "a", 100), 1);
    assert.equal(admittedAt(limiter, "a", 300), 2);
    assert.equal(admittedAt(limiter, "a", 10_000), 5);
  });

  it("keeps the even pace strictly when there is no burst", () => {
    const limiter = make({ burst: 0 });
    assert.deepEqual(
      [0, 50, 100, 150, 199, 200].map((nowMs) => limiter.check("a", nowMs).judgement),
      ["admit", "reject", "admit", "reject", "reject", "admit"],
    );
  });

  it("counts each key for itself", () => {
    const limiter = make();
    assert.equal(admittedAt(limiter, "a", 0), 5);
    assert.equal(admittedAt(limiter, "b", 0), 5);
  });

  it("tells what is left, when to come again, and when all is forgotten", () => {
    const limiter = make();
    const remaining: number[] = [];
    for (let request = 0; request < 5; request++) remaining.push(limiter.check("a", 0).remaining);
    assert.deepEqual(remaining, [4, 3, 2, 1, 0]);
    const verdict = limiter.check("a", 30);
    assert.deepEqual(
      [verdict.judgement, verdict.retryAfterMs, verdict.resetMs, verdict.remaining, verdict.mustReject],
      ["reject", 70, 470, 0, true],
    );
  });

  it("holds requests back until their time, and refuses those whose time is too far", () => {
    const limiter = make({ burst: 1, delayMaxMs: 250 });
    const seen: string[] = [];
    for (let request = 0; request < 6; request++) {
      const { judgement, mustDelayMs, retryAfterMs } = limiter.check("a", 0);
      seen.push(`${judgement} ${Math.round(mustDelayMs)} ${Math.round(retryAfterMs)}`);
    }
    assert.deepEqual(seen, [
      "admit 0 0",
      "admit 0 0",
      "delay 100 0",
      "delay 200 0",
      "reject 0 50",
      "reject 0 50",
    ]);
  });

  it("charges a request that costs more than one accordingly", () => {
    const limiter = make();
    assert.equal(limiter.check("a", 0, 4).remaining, 1);
    assert.equal(admittedAt(limiter, "a", 0), 1);
    assert.equal(limiter.check("b", 0, 1e12).judgement, "admit");
    assert.equal(limiter.check("b", 500_000).judgement, "reject");
  });

  it("acts on nothing in observe mode but judges and counts alike", () => {
    const limiter = make({ mode: "observe", burst: 0 });
    limiter.check("a", 0);
    const verdict = limiter.check("a", 0);
    assert.deepEqual([verdict.judgement, verdict.mustReject, verdict.mustDelayMs], ["reject", false, 0]);
    assert.deepEqual(limiter.read(), { admitted: 1, delayed: 0, rejected: 1, untracked: 0, forgotten: 0 });
  });

  for (const [requests, periodMs, burst] of [
    [1, 86_400_000, 0],
    [5, 60_000, 2],
    [100, 1000, 50],
    [30_000, 1000, 0],
    [7, 1000, 1_000_000],
    [1_000_000, 1000, 10],
  ] as const) {
    it(`lets through exactly ${requests} per ${periodMs} ms beyond a burst of ${burst}`, () => {
      const limiter = make({ requests, periodMs, burst });
      const startMs = 1_763_000_000_123.456;
      // All the burst at once, as one request, so that large ones do not take long.
      assert.equal(limiter.check("a", startMs, burst + 1).judgement, "admit");
      const periods = 3;
      let admitted = 0;
      const asks = Math.min(periods * requests * 2, 200_000);
      for (let ask = 1; ask <= asks; ask++) {
        const elapsedMs = (ask / asks) * Math.min(periods * periodMs, (asks / requests / 2) * periodMs);
        if (limiter.check("a", startMs + elapsedMs).judgement === "admit") admitted++;
      }
      const expected = asks / 2;
      assert.ok(Math.abs(admitted - expected) <= 1 + expected * 1e-3, `${admitted} of ${expected}`);
    });
  }

  it("never lets more through in any window than burst and pace allow, and keeps its promises of when", () => {
    const settings = fc.record({
      requests: fc.integer({ min: 1, max: 1000 }),
      periodMs: fc.constantFrom(1000, 60_000),
      burst: fc.nat(5),
      delayMaxMs: fc.constantFrom(0, 500),
    });
    fc.assert(
      fc.property(
        settings,
        fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 60 }),
        (some, waits) => {
          const limiter = make(some);
          const intervalMs = some.periodMs / some.requests;
          const passed: number[] = [];
          let nowMs = 5_000_000;
          for (const waitMs of waits) {
            nowMs += waitMs;
            const { judgement, delayMs, retryAfterMs } = limiter.check("a", nowMs);
            if (judgement !== "reject") passed.push(nowMs + delayMs);
            else if (waitMs > 200) {
              nowMs += retryAfterMs + 0.002;
              assert.notEqual(limiter.check("a", nowMs).judgement, "reject");
              passed.push(nowMs + limiter.settings.delayMaxMs);
            }
          }
          for (let first = 0; first < passed.length; first++) {
            for (let last = first; last < passed.length; last++) {
              const allowed = some.burst + 1 + (passed[last]! - passed[first]! + 0.01) / intervalMs;
              assert.ok(
                last - first + 1 <= allowed + 1e-6 + (some.delayMaxMs > 0 ? some.delayMaxMs / intervalMs : 0),
              );
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("RateLimiter over long times", () => {
  // Units of 1 µs come round after 71.6 minutes; older debts must never reappear.
  for (const idleMinutes of [1, 29, 31, 36, 53, 54, 62, 71.58, 72, 90, 107.4, 143.2, 600, 100_000]) {
    it(`owes nothing after ${idleMinutes} idle minutes`, () => {
      const limiter = make();
      const other = RateLimiter.attach(limiter.share, 0, limiter.settings);
      let nowMs = 1_763_000_000_000;
      for (let round = 0; round < 4; round++) {
        assert.equal(admittedAt(round % 2 === 0 ? limiter : other, "a", nowMs), 5);
        nowMs += idleMinutes * 60_000;
      }
    });
  }

  it("keeps a debt across the cleaning that others cause", () => {
    const limiter = make({ requests: 1, periodMs: 86_400_000, burst: 0 });
    const startMs = 1_763_000_000_000;
    assert.equal(limiter.check("a", startMs).judgement, "admit");
    for (let minute = 1; minute < 1440; minute += 7) {
      limiter.check("b", startMs + minute * 60_000);
      assert.equal(
        limiter.check("a", startMs + minute * 60_000).judgement,
        "reject",
        `after ${minute} minutes`,
      );
    }
    assert.equal(limiter.check("a", startMs + 86_400_001).judgement, "admit");
  });

  it("starts well at any hour of any clock", () => {
    for (let hours = 0; hours < 60; hours++)
      assert.equal(
        admittedAt(make({}, hours % 2 === 0 ? hours * 1_111_111 : 0), "a", hours * 1_111_111),
        5,
        `${hours}`,
      );
  });
});

describe("RateLimiter under a flood of keys", () => {
  it("stays in its memory, refuses no stranger, and remembers the heavy user", () => {
    const limiter = make({ keysMax: 200, burst: 50 });
    const bytes = limiter.share.table.byteLength;
    assert.equal(admittedAt(limiter, "heavy", 0, 100), 51);
    for (let key = 0; key < 20_000; key++) assert.equal(limiter.check(`flood ${key}`, 0).judgement, "admit");
    assert.equal(limiter.share.table.byteLength, bytes);
    assert.ok(bytes <= 200 * 32 + 128, `${bytes} bytes`);
    assert.ok(limiter.read().forgotten > 19_000);
    assert.equal(admittedAt(limiter, "heavy", 50), 0);
  });

  it("takes settled keys' places without forgetting anybody", () => {
    const limiter = make({ keysMax: 200 });
    for (let key = 0; key < 20_000; key++) limiter.check(`key ${key}`, key * 10);
    assert.equal(limiter.read().forgotten, 0);
  });
});

const hammer = `
  import { parentPort, workerData } from "node:worker_threads";
  const { module, share, settings, index, workers, rounds, keys, asks, gate } = workerData;
  const { RateLimiter } = await import(module);
  const limiter = RateLimiter.attach(share, index, settings);
  const waiting = new Int32Array(gate);
  const admitted = [];
  for (let round = 0; round < rounds; round++) {
    // All threads begin a round together, so that they agree on the time.
    if (Atomics.add(waiting, round, 1) + 1 === workers) Atomics.notify(waiting, round);
    for (let seen = Atomics.load(waiting, round); seen < workers; seen = Atomics.load(waiting, round)) Atomics.wait(waiting, round, seen, 1000);
    const counts = new Array(keys).fill(0);
    for (let ask = 0; ask < asks; ask++) {
      for (let key = 0; key < keys; key++) {
        const verdict = limiter.check("round " + (round % 3) + " key " + (key * 7 + ask) % keys, 1e12 + round * 60_000);
        if (verdict.judgement === "admit") counts[(key * 7 + ask) % keys]++;
      }
    }
    admitted.push(counts);
  }
  parentPort.postMessage(admitted);
`;

describe("RateLimiter under real threads", () => {
  for (const [title, keys, rounds] of [
    ["one key", 1, 30],
    ["a thousand keys that come, settle and make room", 1000, 6],
  ] as const) {
    it(`is exact over three threads for ${title}`, async () => {
      const workers = 3;
      const settings = { ...tenPerSecond, burst: 9, keysMax: Math.max(8, keys) * 2 };
      const limiter = RateLimiter.create(settings, workers, seededRandom(11), 0);
      const gate = new SharedArrayBuffer(rounds * 4);
      const asks = keys === 1 ? 3000 : 15;
      const module = new URL("rate-limiter.ts", import.meta.url).href;
      const all = await Promise.all(
        Array.from({ length: workers }, (_, index) =>
          runThread({ module, share: limiter.share, settings, index, workers, rounds, keys, asks, gate }),
        ),
      );
      assert.equal(limiter.read().forgotten, 0);
      for (let round = 0; round < rounds; round++) {
        for (let key = 0; key < keys; key++) {
          const sum = all.reduce((total, admitted) => total + admitted[round]![key]!, 0);
          assert.equal(sum, 10, `round ${round}, key ${key}`);
        }
      }
      const { admitted, rejected } = limiter.read();
      assert.equal(admitted, 10 * keys * rounds);
      assert.equal(admitted + rejected, workers * rounds * keys * asks);
    });
  }
});

/** Resolves with the admitted requests of each round and key. */
function runThread(workerData: object): Promise<number[][]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(hammer)}`), { workerData });
    worker.on("message", resolve);
    worker.on("error", reject);
  });
}
