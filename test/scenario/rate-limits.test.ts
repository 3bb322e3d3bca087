/** Rate limits through a whole balancer: who shares an allowance, what clients are told, and one count for all workers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startBalancerRig } from "../support/balancer-rig.ts";

const origins = ["a"];
const route = { rateLimits: ["one"] };

for (const workers of [0, 2]) {
  test(`a burst and no more passes, whoever takes the connections (workers ${workers})`, async () => {
    await using rig = await startBalancerRig({
      origins,
      route,
      config: { workers, rateLimits: { one: { rate: "1/h", burst: 9 } } },
    });
    const answers = await Promise.all(Array.from({ length: 40 }, async () => rig.ask()));
    assert.equal(answers.filter(({ status }) => status === 200).length, 10);
    assert.equal(answers.filter(({ status }) => status === 429).length, 30);
    assert.equal(rig.origin("a").seen.length, 10);
  });
}

for (const [what, key, mine, others] of [
  [
    "a header",
    "${request.header.x-user}",
    { headers: { "x-user": "ann" } },
    { headers: { "x-user": "bob" } },
  ],
  ["a cookie", "${request.cookie.id}", { headers: { cookie: "id=1" } }, { headers: { cookie: "id=2" } }],
  ["a query parameter", "${request.query.q}", { path: "/?q=1" }, { path: "/?q=2" }],
] as const) {
  test(`those with the same value of ${what} share an allowance`, async () => {
    await using rig = await startBalancerRig({
      origins,
      route,
      config: { rateLimits: { one: { rate: "1/h", key } } },
    });
    assert.equal((await rig.ask(mine)).status, 200);
    assert.equal((await rig.ask(mine)).status, 429);
    assert.equal((await rig.ask(others)).status, 200);
  });
}

test("routes that name the same limit share it, others have their own", async () => {
  await using rig = await startBalancerRig({
    origins,
    config: {
      rateLimits: { shared: { rate: "1/h" }, own: { rate: "1/h" } },
      routes: [
        { match: { path: "/a" }, pool: "app", rateLimits: ["shared"] },
        { match: { path: "/b" }, pool: "app", rateLimits: ["shared"] },
        { match: { path: "/c" }, pool: "app", rateLimits: ["own"] },
        { match: { path: "/free" }, pool: "app" },
      ],
    },
  });
  const statuses = [];
  for (const path of ["/a", "/b", "/c", "/c", "/free", "/free"]) statuses.push((await rig.ask(path)).status);
  assert.deepEqual(statuses, [200, 429, 200, 429, 200, 200]);
});

test("answers tell of the allowance in both families of headers, refusals too, and only where they may", async () => {
  for (const headers of [true, false]) {
    await using rig = await startBalancerRig({
      origins,
      route,
      config: { rateLimits: { one: { rate: "60/h", burst: 1, headers } } },
    });
    const first = await rig.ask();
    const names = ["ratelimit-policy", "ratelimit", "x-ratelimit-limit", "x-ratelimit-remaining"];
    assert.deepEqual(
      names.map((name) => first.header(name)),
      headers ? ['"one";q=60;w=3600', '"one";r=1;t=60', "60", "1"] : names.map(() => undefined),
    );
    const refused = (await Promise.all([rig.ask(), rig.ask(), rig.ask()])).find(
      ({ status }) => status === 429,
    );
    assert.equal(refused?.header("x-ratelimit-remaining"), headers ? "0" : undefined);
    assert.match(refused?.header("retry-after") ?? "none", /^(?:59|60)$/);
  }
});

test("delay: what comes too early is held back until its time, and what would wait too long is refused", async () => {
  await using rig = await startBalancerRig({
    origins,
    route,
    config: { rateLimits: { one: { rate: "2/s", action: "delay", delayMax: "600ms" } } },
  });
  const startMs = performance.now();
  const answers = await Promise.all(Array.from({ length: 8 }, async () => rig.ask()));
  const tookMs = performance.now() - startMs;
  const served = answers.filter(({ status }) => status === 200).length;
  assert.ok(served >= 2 && served < 8, `${served} of eight served`);
  assert.ok(answers.some(({ status }) => status === 429));
  // One of them was due 500 ms after the first; timers are never early.
  assert.ok(tookMs >= 499, `${tookMs} ms`);
});
