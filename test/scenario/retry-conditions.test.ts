/** What is tried again, and what only where the user says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BalancerRig, type BalancerRigOptions, startBalancerRig } from "../support/balancer-rig.ts";

type RetryInput = NonNullable<NonNullable<BalancerRigOptions["pool"]>["retry"]>;

/** Two endpoints, of which `a` is asked first. */
async function withRetry(retry: RetryInput, body: (rig: BalancerRig) => Promise<void>): Promise<void> {
  await using rig = await startBalancerRig({ origins: ["a", "b"], pool: { policy: "first", retry } });
  await body(rig);
}

for (const [nonIdempotent, status] of [
  [true, 200],
  [false, 502],
] as const) {
  test(`a POST that was sent is ${nonIdempotent ? "" : "not "}sent again, for nonIdempotent is ${nonIdempotent}`, async () => {
    await withRetry({ nonIdempotent }, async (rig) => {
      rig.origin("a").respond = (incoming) => void incoming.socket.destroy();
      const answer = await rig.ask({ method: "POST", path: "/order", body: "one book" });
      assert.equal(answer.status, status);
      assert.deepEqual(rig.origin("a").seen, ["POST /order one book"]);
      assert.deepEqual(rig.origin("b").seen, nonIdempotent ? ["POST /order one book"] : []);
    });
  });
}

test("an attempt that takes longer than it may is called off, and another endpoint is asked", async () => {
  await withRetry({ perAttempt: "60ms" }, async (rig) => {
    const closed = Promise.withResolvers<void>();
    rig.origin("a").respond = (_incoming, outgoing) => void outgoing.on("close", () => closed.resolve());
    const answer = await rig.ask();
    assert.deepEqual([answer.status, answer.body], [200, "b"]);
    assert.deepEqual(
      rig.records[0]?.failedAttempts.map(({ endpoint, cause }) => `${endpoint} ${cause}`),
      ["a attempt-timeout"],
    );
    await closed.promise;
  });
});

for (const [on, reset, refused] of [
  [["connect", "reset", "timeout"], 200, 200],
  [["connect"], 502, 200],
  [["reset"], 200, 502],
  [[], 502, 502],
] as const) {
  test(`retries on ${JSON.stringify(on)}: a reset comes to ${reset}, a refused connection to ${refused}`, async () => {
    await withRetry({ on: [...on] }, async (rig) => {
      rig.origin("a").respond = (incoming) => void incoming.socket.destroy();
      assert.equal((await rig.ask()).status, reset);
      await rig.origin("a").close();
      assert.equal((await rig.ask()).status, refused);
    });
  });
}

test("networks are let in or kept out, and the client's address is the one that trusted proxies tell", async () => {
  await using rig = await startBalancerRig({
    origins: ["a"],
    route: { access: { allow: ["10.0.0.0/8", "2001:db8::/32"], deny: ["10.1.0.0/16"] } },
    config: { listeners: [{ address: "127.0.0.1:0", trustedProxies: ["127.0.0.1"] }] },
  });
  const statusFor = async (client: string): Promise<number> =>
    (await rig.ask({ headers: { "x-forwarded-for": client } })).status;
  assert.equal(await statusFor("10.2.3.4"), 200);
  assert.equal(await statusFor("2001:db8::7"), 200);
  assert.equal(await statusFor("10.1.2.3"), 403);
  assert.equal(await statusFor("192.0.2.1"), 403);
});
