/** Weighted splits and canaries, seen from clients. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BalancerRig, startBalancerRig } from "../support/balancer-rig.ts";

type Split = NonNullable<
  NonNullable<NonNullable<Parameters<typeof startBalancerRig>[0]["config"]>["routes"]>[number]["split"]
>;

/** `stable` and `canary` behind one route. */
async function withSplit(
  split: Omit<Split, "pools">,
  body: (rig: BalancerRig) => Promise<void>,
): Promise<void> {
  await using canary = await startBalancerRig({ origins: ["canary"] });
  await using rig = await startBalancerRig({
    origins: ["stable"],
    config: {
      pools: { next: { endpoints: [canary.origin("canary").url] } },
      routes: [{ split: { ...split, pools: { app: 3, next: 1 } } }],
    },
  });
  await body(rig);
}

test("at random, a quarter goes to the canary", async () => {
  await withSplit({}, async (rig) => {
    const canaries = (await rig.bodies(400)).filter((body) => body === "canary").length;
    // Four standard deviations of 400 draws.
    assert.ok(Math.abs(canaries - 100) < 35, `${canaries} of 400`);
  });
});

test("by a template, the same value goes the same way, and a quarter of the values to the canary", async () => {
  await withSplit({ by: "${request.header.x-user}" }, async (rig) => {
    let canaries = 0;
    for (let user = 0; user < 150; user++) {
      const [first, second] = await rig.bodies(2, { headers: { "x-user": `user-${user}` } });
      assert.equal(first, second);
      if (first === "canary") canaries++;
    }
    assert.ok(Math.abs(canaries - 37) < 22, `${canaries} of 150`);
  });
});

test("by a cookie, a client stays where it was first sent", async () => {
  await withSplit({ cookie: "way" }, async (rig) => {
    const homes = new Map<string, string>();
    for (let client = 0; client < 40; client++) {
      const answer = await rig.ask();
      const cookie = (answer.header("set-cookie") ?? "").split(";")[0] ?? "";
      assert.match(cookie, /^way=/);
      homes.set(cookie, answer.body);
      const again = await rig.ask({ headers: { cookie } });
      assert.equal(again.body, answer.body);
      assert.equal(again.header("set-cookie"), undefined);
    }
    assert.deepEqual(new Set(homes.values()), new Set(["stable", "canary"]));
    const forged = await rig.ask({ headers: { cookie: "way=nowhere" } });
    assert.equal(forged.status, 200);
  });
});
