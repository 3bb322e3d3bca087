/** Policies of the user's, as a function in this thread and as a module in worker threads. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { judgeConduct } from "../../src/balancing/kit/conduct.ts";
import type { Candidate, Policy } from "../../src/index.ts";
import { loadPolicyModule } from "../../src/runtime/policy-modules.ts";
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

test("the policy that the guide shows keeps every rule for policies", async () => {
  const guide = readFileSync(new URL("../../docs/balancing.md", import.meta.url), "utf8");
  const [, source] = /```ts\n(import type \{ Policy[\s\S]*?)```/.exec(guide) ?? [];
  assert.ok(source !== undefined, "the guide shows a policy");
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  const path = join(folder, "policy.ts");
  writeFileSync(path, source);
  const make = await loadPolicyModule(pathToFileURL(path).href);
  assert.deepEqual(
    judgeConduct((parts) => make(parts, {}), 3),
    [],
  );
  rmSync(folder, { recursive: true });
});
