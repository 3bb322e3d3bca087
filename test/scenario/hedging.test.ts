/** A second attempt for a slow read, and endpoints that ask to be left alone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { type BalancerRigOptions, startBalancerRig } from "../support/balancer-rig.ts";

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

for (const [form, value] of [
  ["a date", () => new Date(Date.now() + 3_600_000).toUTCString()],
  ["seconds", () => "3600"],
] as const) {
  test(`a Retry-After that is ${form} keeps an endpoint out of turn, for all workers, and is explained`, async () => {
    await using rig = await startBalancerRig({ origins: ["a", "b"], pool: { retry: { statuses: [503] } } });
    rig.origin("a").respond = (_incoming, outgoing) =>
      void outgoing.writeHead(503, { "retry-after": value() }).end();
    assert.deepEqual(new Set(await rig.bodies(6)), new Set(["b"]));
    assert.equal(rig.origin("a").seen.length, 1);
    const state = [...rig.balancer.shared.endpoints()][0]?.state;
    // Nobody is left alone for longer than five minutes.
    assert.ok((state?.restUntilMs ?? 0) <= performance.timeOrigin + performance.now() + 300_000);
    const [pool] = rig.balancer.explain({ method: "GET", url: "http://a/", headers: [] }).pools;
    const reasons = pool?.endpoints.find(({ name }) => name === "a")?.reasons.join() ?? "";
    assert.match(reasons, /^left alone for (?:29\d|300) s more, as its Retry-After asked/);
  });
}

test("an endpoint that asked to be left alone serves what nobody else can", async () => {
  await using rig = await startBalancerRig({ origins: ["a", "b"], pool: { retry: { statuses: [503] } } });
  for (const origin of rig.origins) {
    origin.respond = (_incoming, outgoing) => {
      origin.respond = (_again, other) => void other.end(origin.name);
      outgoing.writeHead(503, { "retry-after": "3600" }).end();
    };
  }
  assert.equal((await rig.ask()).status, 503, "both were asked, and both asked for a rest");
  assert.equal((await rig.ask()).status, 200);
});

test("where all asked to be left alone, they share what comes by their weights", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b", "c"],
    endpoints: { a: { weight: 2 } },
  });
  for (const { state } of rig.balancer.shared.endpoints())
    state.restUntilMs = performance.timeOrigin + performance.now() + 300_000;
  const waiting: (() => void)[] = [];
  const all = Promise.withResolvers<void>();
  for (const origin of rig.origins)
    origin.respond = (_incoming, outgoing) => {
      waiting.push(() => void outgoing.end(origin.name));
      if (waiting.length === 8) all.resolve();
    };
  const answers = Promise.all(Array.from({ length: 8 }, async () => rig.ask()));
  await all.promise;
  for (const answer of waiting) answer();
  const bodies = (await answers).map(({ body }) => body).toSorted();
  assert.deepEqual(bodies, ["a", "a", "a", "a", "b", "b", "c", "c"]);
});

test("a client that is bound for good finds its endpoint although that asked to be left alone", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    pool: { sticky: { kind: "cookie", fallback: "reject" } },
  });
  const bound = await rig.ask();
  const cookie = (bound.header("set-cookie") ?? "").split(";")[0] ?? "";
  for (const { state, config } of rig.balancer.shared.endpoints())
    if (config.name === bound.body) state.restUntilMs = performance.timeOrigin + performance.now() + 300_000;
  const again = await rig.ask({ headers: { cookie } });
  assert.deepEqual([again.status, again.body], [200, bound.body]);
});

test("a client that is bound for good gets its endpoint's answer, of a listed status, too", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    pool: { sticky: { kind: "cookie", fallback: "reject" }, retry: { statuses: [503] } },
  });
  const bound = await rig.ask();
  const cookie = (bound.header("set-cookie") ?? "").split(";")[0] ?? "";
  rig.origin(bound.body).respond = (_incoming, outgoing) => void outgoing.writeHead(503).end("busy");
  const again = await rig.ask({ headers: { cookie } });
  assert.deepEqual([again.status, again.body], [503, "busy"]);
});

test("a slow answer of the endpoint that a client is bound to is not raced by another's", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    pool: { sticky: { kind: "cookie" }, hedge: { percentile: 50, delayMin: "10ms" } },
  });
  rig.origin("a").respond = (_incoming, outgoing) => void setTimeout(() => outgoing.end("a"), 100);
  let cookie = "";
  // Until it is known what is slow, and somebody is bound to the slow one.
  while (cookie === "" || !rig.records.some(({ attemptCount }) => attemptCount === 2)) {
    const answers = await Promise.all(Array.from({ length: 16 }, async () => rig.ask()));
    const slow = answers.find(({ body }) => body === "a");
    if (slow !== undefined) cookie = (slow.header("set-cookie") ?? "").split(";")[0] ?? "";
  }
  const bodies = await rig.bodies(4, { headers: { cookie } });
  assert.deepEqual(bodies, ["a", "a", "a", "a"]);
  assert.ok(rig.records.slice(-4).every(({ attemptCount }) => attemptCount === 1));
});

type RetryInput = NonNullable<NonNullable<BalancerRigOptions["pool"]>["retry"]>;

const busy: RetryInput = { statuses: [503], backoff: { base: "0ms" } };
const withoutSuccessor: readonly (readonly [string, readonly string[], RetryInput, number])[] = [
  ["nobody else is there", ["a"], busy, 1],
  ["it was the last attempt", ["a", "b", "c"], { ...busy, attempts: 2 }, 2],
  ["everybody was asked", ["a", "b"], busy, 2],
  [
    "there is no time for another",
    ["a", "b", "c"],
    { statuses: [503], backoff: { base: "999h", max: "999h" } },
    2,
  ],
  ["the budget is spent", ["a", "b"], { ...busy, budget: { share: "0%", floor: 0 } }, 1],
];

for (const [why, origins, retry, attempts] of withoutSuccessor) {
  test(`an answer of a listed status is the client's when ${why}`, async () => {
    await using rig = await startBalancerRig({
      origins,
      pool: { retry },
      route: { timeouts: { exchange: "5s" } },
    });
    for (const origin of rig.origins)
      origin.respond = (_incoming, outgoing) =>
        void outgoing.writeHead(503, { "retry-after": "7", "x-own": "1" }).end("busy");
    const answer = await rig.ask();
    assert.deepEqual(
      [answer.status, answer.header("retry-after"), answer.header("x-own"), answer.body],
      [503, "7", "1", "busy"],
    );
    assert.equal(
      rig.origins.reduce((sum, { seen }) => sum + seen.length, 0),
      attempts,
    );
    assert.equal(rig.balancer.shared.pools.get("app")?.budget.inFlight, 0);
  });
}
