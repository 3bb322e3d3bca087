/** Every protection in observe mode acts on nothing, and what it would have done is counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectRaw } from "../support/raw-client.ts";
import { type BalancerRig, type BalancerRigOptions, startBalancerRig } from "../support/balancer-rig.ts";
import type { ProtectionStats } from "../../src/runtime/protections.ts";

function counts(
  rig: BalancerRig,
  feature: ProtectionStats["feature"],
): { enforced: number; observed: number } {
  const found = rig.balancer.stats().protections.find((each) => each.feature === feature);
  assert.ok(found !== undefined, `${feature} is listed`);
  return { enforced: found.enforced, observed: found.observed };
}

/** Both modes with otherwise the same options. */
function inBothModes(
  name: string,
  options: (mode: "enforce" | "observe") => BalancerRigOptions,
  body: (rig: BalancerRig, mode: "enforce" | "observe") => Promise<void>,
): void {
  for (const mode of ["enforce", "observe"] as const) {
    test(`${name}: ${mode}`, async () => {
      await using rig = await startBalancerRig(options(mode));
      await body(rig, mode);
    });
  }
}

inBothModes(
  "faults",
  (mode) => ({ origins: ["a"], route: { faults: { abort: { status: 503 }, mode } } }),
  async (rig, mode) => {
    assert.equal((await rig.ask()).status, mode === "enforce" ? 503 : 200);
    assert.deepEqual(
      counts(rig, "faults"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "rate limit",
  (mode) => ({
    origins: ["a"],
    route: { rateLimits: ["one"] },
    config: { rateLimits: { one: { rate: "1/m", mode } } },
  }),
  async (rig, mode) => {
    await rig.ask();
    assert.equal((await rig.ask()).status, mode === "enforce" ? 429 : 200);
    assert.deepEqual(
      counts(rig, "rate-limit"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "outlier detection",
  (mode) => ({
    origins: ["a", "b"],
    pool: { retry: { attempts: 1 }, outlier: { consecutive: { errors: 3 }, mode } },
  }),
  async (rig, mode) => {
    rig.origin("a").respond = (_incoming, outgoing) => void outgoing.writeHead(500).end();
    await rig.bodies(8);
    const state = [...rig.balancer.shared.endpoints()].find(({ config }) => config.name === "a")?.state;
    assert.equal(state?.hasStatus("ejected"), mode === "enforce");
    const { enforced, observed } = counts(rig, "outlier");
    assert.deepEqual([enforced > 0, observed > 0], [mode === "enforce", mode === "observe"]);
  },
);

inBothModes(
  "max fails",
  (mode) => ({
    origins: ["a", "b"],
    pool: { retry: { attempts: 1 }, maxFails: { fails: 2, timeout: "1h", mode } },
  }),
  async (rig, mode) => {
    rig.origin("a").respond = (incoming) => void incoming.socket.destroy();
    const bodies = await rig.bodies(12);
    const failed = bodies.filter((body) => body !== "b").length;
    if (mode === "enforce") assert.equal(failed, 2);
    else assert.equal(failed, 6);
    const { enforced, observed } = counts(rig, "max-fails");
    assert.deepEqual([enforced > 0, observed > 0], [mode === "enforce", mode === "observe"]);
  },
);

inBothModes(
  "panic",
  (mode) => ({
    origins: ["a", "b"],
    pool: { panic: { threshold: "60%", mode } },
  }),
  async (rig, mode) => {
    const [first] = rig.balancer.shared.endpoints();
    first?.state.setStatus("down", true);
    for (const pool of rig.balancer.shared.pools.values()) pool.version.bump();
    assert.deepEqual(new Set(await rig.bodies(4)), new Set(mode === "enforce" ? ["a", "b"] : ["b"]));
    assert.deepEqual(
      counts(rig, "panic"),
      mode === "enforce" ? { enforced: 4, observed: 0 } : { enforced: 0, observed: 4 },
    );
  },
);

inBothModes(
  "zones",
  (mode) => ({
    origins: ["a", "b", "c"],
    endpoints: { a: { zone: "here" }, b: { zone: "there" }, c: { zone: "yonder" } },
    pool: { zones: { preferLocal: true, endpointsMin: 2, mode } },
    config: { zone: "here" },
  }),
  async (rig, mode) => {
    assert.deepEqual(new Set(await rig.bodies(6)), new Set(mode === "enforce" ? ["a"] : ["a", "b", "c"]));
    assert.deepEqual(
      counts(rig, "zones"),
      mode === "enforce" ? { enforced: 6, observed: 0 } : { enforced: 0, observed: 4 },
    );
  },
);

inBothModes(
  "retry budget",
  (mode) => ({
    origins: ["a", "b"],
    pool: { policy: "first", retry: { budget: { share: "0%", floor: 0, mode } } },
  }),
  async (rig, mode) => {
    rig.origin("a").respond = (incoming) => void incoming.socket.destroy();
    assert.equal((await rig.ask()).status, mode === "enforce" ? 502 : 200);
    assert.deepEqual(
      counts(rig, "retry-budget"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "slow start",
  (mode) => ({ origins: ["a", "b"], pool: { slowStart: { window: "1h", floor: "10%", mode } } }),
  async (rig, mode) => {
    await rig.balancer.addEndpoint("app", {
      name: "c",
      url: rig.origin("b").url.replace("127.0.0.1", "localhost"),
    });
    const added = [...rig.balancer.shared.endpoints()].find(({ config }) => config.name === "c");
    assert.equal((added?.state.weight ?? 0) < 0.5, mode === "enforce");
    assert.deepEqual(
      counts(rig, "slow-start"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "queue",
  (mode) => ({ origins: ["a"], endpoints: { a: { maxRequests: 1 } }, pool: { queue: { mode } } }),
  async (rig, mode) => {
    const { promise: isHeld, resolve: held } = Promise.withResolvers<() => void>();
    rig.origin("a").respond = (_incoming, outgoing) => held(() => void outgoing.end());
    const first = rig.ask();
    const release = await isHeld;
    const second = rig.ask();
    if (mode === "observe") assert.equal((await second).status, 503);
    rig.origin("a").respond = (_incoming, outgoing) => void outgoing.end();
    while (counts(rig, "queue").enforced + counts(rig, "queue").observed === 0) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    release();
    await first;
    if (mode === "enforce") assert.equal((await second).status, 200);
    assert.deepEqual(
      counts(rig, "queue"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "adaptive concurrency",
  (mode) => ({ origins: ["a"], pool: { concurrency: { min: 1, max: 1, initial: 1, mode } } }),
  async (rig, mode) => {
    const { promise: isHeld, resolve: held } = Promise.withResolvers<() => void>();
    rig.origin("a").respond = (_incoming, outgoing) => {
      rig.origin("a").respond = (_again, other) => void other.end();
      held(() => void outgoing.end());
    };
    const first = rig.ask();
    const release = await isHeld;
    assert.equal((await rig.ask()).status, mode === "enforce" ? 503 : 200);
    release();
    await first;
    assert.deepEqual(
      counts(rig, "concurrency"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "access",
  (mode) => ({ origins: ["a"], route: { access: { deny: ["127.0.0.1"], mode } } }),
  async (rig, mode) => {
    assert.equal((await rig.ask()).status, mode === "enforce" ? 403 : 200);
    assert.deepEqual(
      counts(rig, "access"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "largest body",
  (mode) => ({ origins: ["a"], route: { limits: { bodyBytes: "4B", bodyMode: mode } } }),
  async (rig, mode) => {
    const ask = async (headers: Record<string, string>, body: string): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${rig.port}`, { method: "POST", headers, body });
      await answer.text();
      return answer.status;
    };
    assert.equal(await ask({}, "four"), 200);
    assert.equal(await ask({}, "fives"), mode === "enforce" ? 413 : 200);
    assert.deepEqual(
      counts(rig, "body-limit"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "connections per client",
  (mode) => ({
    origins: ["a"],
    config: {
      listeners: [
        { address: "127.0.0.1:0", limits: { connectionsPerClient: 1, connectionsPerClientMode: mode } },
      ],
    },
  }),
  async (rig, mode) => {
    const client = await connectRaw(rig.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.readUntil("\r\n\r\n");
    assert.equal((await rig.ask()).status, mode === "enforce" ? 429 : 200);
    client.destroy();
    assert.deepEqual(
      counts(rig, "connections-per-client"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "health checks",
  (mode) => ({
    origins: ["a", "b"],
    pool: { health: { path: "/health", interval: "20ms", fall: 1, mode } },
  }),
  async (rig, mode) => {
    rig.origin("a").respond = (incoming, outgoing) =>
      void outgoing.writeHead(incoming.url === "/health" ? 500 : 200).end("a");
    while (counts(rig, "health").enforced + counts(rig, "health").observed === 0) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    assert.deepEqual(new Set(await rig.bodies(6)), new Set(mode === "enforce" ? ["b"] : ["a", "b"]));
    assert.deepEqual(
      counts(rig, "health"),
      mode === "enforce" ? { enforced: 1, observed: 0 } : { enforced: 0, observed: 1 },
    );
  },
);

inBothModes(
  "bandwidth",
  (mode) => ({
    origins: ["a"],
    route: {
      limits: { responseBytesPerSecond: "64KiB", requestBytesPerSecond: "64KiB", bandwidthMode: mode },
    },
  }),
  async (rig, mode) => {
    // Far beyond what passes at once, and some 300 ms at that pace.
    const body = "x".repeat(40_000);
    rig.origin("a").respond = (_incoming, outgoing, received) => void outgoing.end(received);
    assert.equal((await rig.ask({ method: "POST", body: "x" })).body, "x");
    assert.deepEqual(
      counts(rig, "bandwidth"),
      { enforced: 0, observed: 0 },
      "small bodies are not held back",
    );
    assert.equal((await rig.ask({ method: "POST", body })).body, body);
    // One body in each direction.
    assert.deepEqual(
      counts(rig, "bandwidth"),
      mode === "enforce" ? { enforced: 2, observed: 0 } : { enforced: 0, observed: 2 },
    );
  },
);

inBothModes(
  "shedding",
  (mode) => ({
    origins: ["a"],
    endpoints: { a: { maxRequests: 2 } },
    pool: { shed: { low: "60%", normal: "70%", retryAfter: "7s", mode } },
    route: { importance: "low" },
  }),
  async (rig, mode) => {
    const held = Promise.withResolvers<() => void>();
    rig.origin("a").respond = (_incoming, outgoing) => {
      rig.origin("a").respond = (_again, other) => void other.end();
      held.resolve(() => void outgoing.end());
    };
    const first = rig.ask();
    const release = await held.promise;
    // One more fills it: a request that matters least is refused.
    const answers = [await rig.ask(), await rig.ask()];
    const refused = answers.filter(({ status }) => status === 503);
    release();
    await first;
    assert.equal(refused.length, mode === "enforce" ? 2 : 0);
    for (const answer of refused) {
      assert.equal(answer.header("headgate-cause"), "shed");
      assert.equal(answer.header("retry-after"), "7", "once, and as configured");
    }
    assert.deepEqual(
      counts(rig, "shed"),
      mode === "enforce" ? { enforced: 2, observed: 0 } : { enforced: 0, observed: 2 },
    );
  },
);

inBothModes(
  "hedging",
  (mode) => ({
    origins: ["a", "b", "c"],
    pool: { hedge: { percentile: 50, delayMin: "10ms", mode } },
  }),
  async (rig, mode) => {
    rig.origin("a").respond = (_incoming, outgoing) => void setTimeout(() => outgoing.end("a"), 60);
    const happened = (): number => counts(rig, "hedge").enforced + counts(rig, "hedge").observed;
    // Until enough was seen to know what is slow.
    while (happened() === 0) await Promise.all(Array.from({ length: 9 }, async () => rig.ask()));
    assert.equal(counts(rig, "hedge").enforced > 0, mode === "enforce");
    assert.equal(
      rig.records.some(({ attemptCount }) => attemptCount > 1),
      mode === "enforce",
    );
  },
);
