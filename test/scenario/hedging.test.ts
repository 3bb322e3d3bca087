/** A second attempt for a slow read, and endpoints that ask to be left alone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { startBalancerRig } from "../support/balancer-rig.ts";

test(
  "a slow GET is raced by a second attempt, the first answer wins, and the loser is called off; a POST waits",
  { timeout: 60_000 },
  async () => {
    await using rig = await startBalancerRig({
      origins: ["a", "b", "c"],
      pool: { hedge: { percentile: 50, delayMin: "10ms" } },
    });
    const a = [...rig.balancer.shared.endpoints()][0]!.state;
    rig.origin("a").respond = (_incoming, outgoing) => void setTimeout(() => outgoing.end("a"), 100);
    // Until enough was seen to know what is slow.
    while (!rig.records.some(({ attemptCount }) => attemptCount === 2)) await rig.ask();

    const calledOff: Promise<unknown>[] = [];
    rig.origin("a").respond = (_incoming, outgoing) => void calledOff.push(once(outgoing, "close"));
    const answers = await rig.bodies(6);
    assert.ok(!answers.includes("a"));
    assert.ok(calledOff.length > 0);
    await Promise.all(calledOff);
    const hedged = rig.records.slice(-6).filter(({ attemptCount }) => attemptCount === 2);
    assert.equal(hedged.length, calledOff.length);
    assert.equal(rig.balancer.shared.pools.get("app")?.budget.inFlight, 0);
    assert.equal(a.activeRequests, 0);

    rig.origin("a").respond = (_incoming, outgoing) => void setTimeout(() => outgoing.end("a"), 100);
    const posts = await Promise.all([0, 1, 2].map(async () => rig.ask({ method: "POST" })));
    assert.deepEqual(posts.map(({ body }) => body).toSorted(), ["a", "b", "c"]);
    assert.ok(rig.records.slice(-3).every(({ attemptCount }) => attemptCount === 1));
  },
);

for (const [respectRetryAfter, asked] of [
  [true, 1],
  [false, 3],
] as const) {
  test(`an endpoint's Retry-After is ${respectRetryAfter ? "respected" : "ignored"} as configured`, async () => {
    await using rig = await startBalancerRig({
      origins: ["a", "b"],
      pool: { retry: { statuses: [503], respectRetryAfter } },
    });
    let count = 0;
    rig.origin("a").respond = (_incoming, outgoing) => {
      count++;
      outgoing.writeHead(503, { "retry-after": "3600" }).end();
    };
    // Turns go on by the cursor, and a retry takes none.
    assert.deepEqual(new Set(await rig.bodies(6)), new Set(["b"]));
    assert.equal(count, asked);
  });
}
