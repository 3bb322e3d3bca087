/** Three times as many requests as the endpoints can serve. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "../../src/core/random.ts";
import type { PriorityClass } from "../../src/upstream/request-queue.ts";
import {
  PoolSimulation,
  quantile,
  type SimulatedPoolOptions,
  type SimulatedRequest,
} from "../support/pool-simulation.ts";

/** Four endpoints of eight servers, 10 ms each. */
const capacityPerSecond = 3200;
const settleMs = 2000;
const measuredMs = 3000;

function importance(random: Random): PriorityClass {
  const drawn = random.next();
  return drawn < 0.1 ? "high" : drawn < 0.5 ? "normal" : "low";
}

interface Outcome {
  /** Answers per second, as a part of the capacity. */
  readonly goodput: number;
  readonly p99Ms: number;
  readonly served: Readonly<Record<PriorityClass, number>>;
}

function overload(pool: SimulatedPoolOptions["pool"], maxRequests: number | "unlimited"): Outcome {
  const servers = Array.from({ length: 4 }, () => ({ endpoint: { maxRequests } }));
  const simulation = new PoolSimulation({ pool: { policy: "least-request", ...pool }, servers });
  simulation.run({ perSecond: capacityPerSecond / 2, forMs: 2000, importance });
  const records = simulation.run({
    perSecond: capacityPerSecond * 3,
    forMs: settleMs + measuredMs,
    importance,
  });
  simulation.close();
  const fromMs = (records[0]?.sentMs ?? 0) + settleMs;
  const untilMs = fromMs + measuredMs;
  const ok = records.filter(({ outcome }) => outcome === "ok");
  const ended = ok.filter(
    ({ sentMs, latencyMs }) => sentMs + latencyMs >= fromMs && sentMs + latencyMs < untilMs,
  );
  const sent = records.filter(({ sentMs }) => sentMs >= fromMs);
  return {
    goodput: ended.length / ((measuredMs / 1000) * capacityPerSecond),
    p99Ms: quantile(
      ended.map(({ latencyMs }) => latencyMs),
      0.99,
    ),
    served: {
      high: servedPart(sent, "high"),
      normal: servedPart(sent, "normal"),
      low: servedPart(sent, "low"),
    },
  };
}

function servedPart(records: readonly SimulatedRequest[], which: PriorityClass): number {
  const ofClass = records.filter(({ importance: each }) => each === which);
  return ofClass.filter(({ outcome }) => outcome === "ok").length / ofClass.length;
}

const protections: readonly (readonly [string, SimulatedPoolOptions["pool"], number | "unlimited"])[] = [
  ["an adaptive limit with shedding", { concurrency: {}, shed: {} }, "unlimited"],
  ["limits per endpoint with shedding", { shed: {} }, 16],
  ["limits per endpoint with a short queue", { queue: { size: 32, timeout: "50ms" } }, 12],
];

for (const [name, pool, maxRequests] of protections) {
  test(`${name}: goodput holds, latency is bounded, the important are served`, () => {
    const { goodput, p99Ms, served } = overload(pool, maxRequests);
    assert.ok(goodput >= 0.9, `goodput ${goodput}`);
    assert.ok(p99Ms <= 50, `p99 ${p99Ms} ms`);
    assert.ok(served.high >= 0.99, `high ${served.high}`);
    assert.ok(served.low < served.normal && served.normal < served.high, JSON.stringify(served));
  });
}

test("without any protection everybody waits for seconds", () => {
  assert.ok(overload({}, "unlimited").p99Ms > 2000);
});
