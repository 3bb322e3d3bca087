/** Policies of the user's, as a function in this thread and as a module in worker threads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Candidate, Policy } from "../../src/index.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";

const example = fileURLToPath(new URL("../../examples/policy.ts", import.meta.url));

test("a function decides, sees who was tried, and gets the client as its key", async () => {
  const keys = new Set<string>();
  const policy = (): Policy => ({
    needsKey: true,
    pick<C extends Candidate>(eligible: readonly C[], key: string, tried: readonly Candidate[]): C | null {
      keys.add(key);
      return eligible.findLast((each) => !tried.includes(each)) ?? null;
    },
  });
  await using rig = await startBalancerRig({ origins: ["a", "b", "c"], pool: { policy } });
  assert.deepEqual(await rig.bodies(2), ["c", "c"]);
  rig.origin("c").respond = (incoming) => void incoming.socket.destroy();
  assert.deepEqual(await rig.bodies(1), ["b"]);
  assert.deepEqual([...keys], ["127.0.0.1"]);
});

test("a module is imported by every worker, with its options", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    pool: { policy: { name: "module", path: example, options: { slowMs: 50 } } },
    config: { workers: 2 },
  });
  const bodies = await rig.bodies(30);
  assert.deepEqual(new Set(bodies), new Set(["a", "b"]));
  const [pool] = rig.balancer.explain({ url: "/" }).pools;
  assert.deepEqual(
    pool?.endpoints.map(({ score }) => score),
    [1, 1],
    "its own scores are explained: one more request per weight",
  );
});
