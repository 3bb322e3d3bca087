/** Replacements of a dead worker that cannot serve at first: they are tried again until one can. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startBalancerRig } from "../support/balancer-rig.ts";

/** Cannot be loaded while a file says so; ends the thread it runs in when it is asked for `/die`. */
const moody = `import { existsSync } from "node:fs";
if (existsSync(new URL("./is-broken", import.meta.url))) throw new Error("out of order");
export default () => ({
  needsKey: true,
  pick: (eligible, key) => (key === "/die" ? process.exit(1) : eligible[0]),
});`;

test("a replacement that cannot serve is ended and another is tried", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  const path = join(folder, "moody.mjs");
  const flag = join(folder, "is-broken");
  writeFileSync(path, moody);
  await using rig = await startBalancerRig({
    origins: ["a"],
    pool: { policy: { name: "module", path, key: "${request.path}" } },
    config: { workers: 1 },
  });
  const { events } = rig.balancer;
  const count = (kind: string): number =>
    events.since(0).filter((event) => event.kind === kind && event.message.includes("worker 0")).length;
  assert.deepEqual(await rig.bodies(1), ["a"]);
  assert.equal(rig.balancer.workersServing, 1);

  writeFileSync(flag, "");
  await assert.rejects(rig.ask("/die"));
  while (count("worker-failed") < 2) await new Promise((resolve) => void setTimeout(resolve, 5));
  assert.equal(rig.balancer.workersServing, 0);
  const failed = events.since(0).find(({ kind }) => kind === "worker-failed");
  assert.match(failed?.message ?? "", /cannot serve and is replaced.*out of order/);

  rmSync(flag);
  while (count("worker-started") < 1) await new Promise((resolve) => void setTimeout(resolve, 5));
  assert.equal(rig.balancer.workersServing, 1);
  assert.deepEqual(await rig.bodies(2), ["a", "a"]);
  rmSync(folder, { recursive: true });
});

/** Can be loaded everywhere but in the second worker. */
const halfLoadable = `import { workerData } from "node:worker_threads";
if (workerData?.workerIndex === 1) throw new Error("not here");
export default () => ({ needsKey: false, pick: (eligible) => eligible[0] });`;

test("a configuration that one worker cannot take is in force in none", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  const path = join(folder, "half.mjs");
  writeFileSync(path, halfLoadable);
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    endpoints: { b: { backup: true } },
    config: { workers: 2, listeners: [{ address: "127.0.0.1:0" }] },
  });
  const { config } = rig.balancer;
  const endpoints = [{ name: "b", url: rig.origin("b").url }];
  await assert.rejects(
    rig.balancer.apply({
      listeners: [{ address: "127.0.0.1:0" }],
      pools: { app: { policy: { name: "module", path }, endpoints } },
    }),
    /not here/,
  );
  assert.equal(rig.balancer.config, config);
  assert.deepEqual(new Set(await rig.bodies(40)), new Set(["a"]));
  rmSync(folder, { recursive: true });
});
