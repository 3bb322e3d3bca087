import assert from "node:assert/strict";
import { test } from "node:test";
import { startBalancerRig } from "../support/balancer-rig.ts";
import { connectRaw } from "../support/raw-client.ts";

const names = ["a", "b", "c"];

test("a client that leaves during a back-off gives the retry's place back", async () => {
  await using rig = await startBalancerRig({
    origins: names,
    pool: { retry: { attempts: 3, backoff: { base: "1h", max: "1h" } } },
  });
  const { promise: secondCame, resolve } = Promise.withResolvers<void>();
  let attempts = 0;
  for (const origin of rig.origins) {
    origin.respond = (incoming) => {
      incoming.socket.destroy();
      if (++attempts === 2) resolve();
    };
  }
  const client = await connectRaw(rig.port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await secondCame;
  const budget = rig.balancer.shared.pools.get("app")?.budget;
  client.reset();
  while (rig.records.length === 0) await new Promise((turn) => void setImmediate(turn));
  assert.equal(rig.records[0]?.attemptCount, 2);
  assert.equal(budget?.inFlight, 0);
});

test("when every endpoint fails, attempts stay within requests, their share and the floor", async () => {
  const share = 0.2;
  await using rig = await startBalancerRig({
    origins: names,
    pool: { retry: { attempts: 3, backoff: { base: "0ms" }, budget: { share: "20%", floor: 1 } } },
  });
  for (const origin of rig.origins) origin.respond = (incoming) => void incoming.socket.destroy();
  const requests = 200;
  for (let i = 0; i < requests; i += 20) await Promise.all(Array.from({ length: 20 }, async () => rig.ask()));
  const attempts = rig.origins.reduce((sum, { seen }) => sum + seen.length, 0);
  assert.equal(rig.records.length, requests);
  // A floor of one a second adds ten in the ten seconds that count.
  assert.ok(attempts <= requests * (1 + share) + 10, `${attempts} attempts`);
  assert.ok(attempts >= requests * (1 + share / 2), `${attempts} attempts`);
});

test("the same holds when nobody listens any more, although such attempts cost the endpoints nothing", async () => {
  await using rig = await startBalancerRig({
    origins: names,
    pool: { retry: { attempts: 3, backoff: { base: "0ms" }, budget: { share: "20%", floor: 1 } } },
  });
  for (const origin of rig.origins) await origin.close();
  const requests = 200;
  for (let i = 0; i < requests; i += 20) await Promise.all(Array.from({ length: 20 }, async () => rig.ask()));
  assert.equal(rig.records.length, requests);
  const attempts = rig.records.reduce((sum, { attemptCount }) => sum + attemptCount, 0);
  // Those before the first failure of each was known are free: the first twenty at once, twice each.
  assert.ok(attempts <= requests * 1.2 + 10 + 40, `${attempts} attempts`);
});

test("where the pause would outlast the exchange's deadline, the client is told at once", async () => {
  await using rig = await startBalancerRig({
    origins: names,
    pool: { retry: { attempts: 3, backoff: { base: "24h", max: "24h" } } },
    route: { timeouts: { exchange: "1s" } },
  });
  for (const origin of rig.origins) origin.respond = (incoming) => void incoming.socket.destroy();
  const answer = await rig.ask();
  assert.deepEqual([answer.status, answer.header("headgate-cause")], [502, "reset-before-head"]);
  assert.equal(rig.records[0]?.attemptCount, 2, "the second follows without a pause");
  assert.equal(rig.balancer.shared.pools.get("app")?.budget.inFlight, 0);
});
