import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { parseConfig } from "../config/parse.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import { seededRandom } from "../core/random.ts";
import type { EndpointState } from "../upstream/endpoint-state.ts";
import { type Explanation, explainRequest } from "./explain.ts";
import type { RequestSketch } from "./hypothetical-request.ts";
import type { PoolExplanation } from "./explain-pool.ts";
import { SharedState } from "./shared-state.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];
type RouteInput = NonNullable<ConfigInput["routes"]>[number];

function live(pool: PoolInput, route: Omit<RouteInput, "pool"> = {}, more: ConfigInput = {}) {
  const result = parseConfig({ ...more, pools: { app: pool }, routes: [{ ...route, pool: "app" }] });
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  const { config } = result as { config: Config };
  const clock = new VirtualClock();
  clock.advance(1_000_000);
  const shared = new SharedState(1, seededRandom(1), clock);
  shared.adopt(config);
  shared.publish();
  for (const endpoint of shared.endpoints()) endpoint.state.setWeight(endpoint.config.weight);
  const explain = (sketch: RequestSketch = { url: "/" }): Explanation =>
    explainRequest(sketch, {
      config,
      shared,
      clock,
      random: seededRandom(1),
      policyModules: new Map(),
      probeReason: () => "connection refused",
      ejectionReason: () => "5 failures in a row",
    });
  const state = (name: string) => {
    const found = shared.find("app", name);
    assert.ok(found);
    return found.state;
  };
  return { explain, state, clock, shared };
}

function reasons({ pools: [pool] }: Explanation): Record<string, string> {
  return Object.fromEntries(
    (pool as PoolExplanation).endpoints.map((each) => [each.name, each.reasons.join("; ")]),
  );
}

const three = ["a", "b", "c"].map((name, index) => ({ name, url: `http://127.0.0.1:${index + 1}` }));

test("every exclusion has its reason, with numbers where there are some", () => {
  const { explain, state } = live({
    endpoints: [
      { ...three[0]!, maxRequests: 1 },
      { ...three[1]! },
      { ...three[2]!, backup: true },
      { name: "d", url: "http://127.0.0.1:4" },
      { name: "e", url: "http://127.0.0.1:5", weight: 10 },
    ],
  });
  state("a").requestStarted();
  state("b").setStatus("ejected", true);
  state("d").setStatus("down", true);
  state("e").setWeight(3);
  assert.deepEqual(reasons(explain()), {
    a: "full: 1 of 1 requests in flight",
    b: "ejected by outlier detection: 5 failures in a row",
    c: "tier 1 is not in use: an earlier one takes all",
    d: "down: connection refused",
    e: "in slow start: 30 % of its weight",
  });
});

test("zones and labels exclude, and say so", () => {
  const zoned = live(
    {
      zones: { preferLocal: true, endpointsMin: 2 },
      endpoints: three.map((each, index) => ({ ...each, zone: index === 0 ? "here" : `there-${index}` })),
    },
    {},
    { zone: "here" },
  );
  assert.match(reasons(zoned.explain())["b"] ?? "", /another zone/);
  const labelled = live(
    { endpoints: [{ ...three[0]!, labels: { stage: "beta" } }, three[1]!] },
    { labels: { stage: "${request.query.stage}" } },
  );
  const explanation = labelled.explain({ url: "/?stage=beta" });
  assert.equal(reasons(explanation)["b"], "the route wants label stage beta, and it has none");
  assert.equal(explanation.pools[0]?.choice, "a");
});

test("policies that go by a number show it, the others do not", () => {
  for (const [policy, lowest] of [
    ["least-request", "b"],
    ["peak-ewma", "c"],
    ["least-time", "c"],
    ["power-of-two", "b"],
  ] as const) {
    const { explain, state, clock } = live({ policy, endpoints: three });
    for (const [name, latencyMs, active] of [
      ["a", 300, 2],
      ["b", 900, 0],
      ["c", 30, 1],
    ] as const) {
      state(name).requestStarted();
      state(name).requestFinished(200, latencyMs, false, 0, 0, clock.nowMs());
      for (let i = 0; i < active; i++) state(name).requestStarted();
    }
    const scores = (explain().pools[0]?.endpoints ?? []).map(({ name, score }) => ({
      name,
      score: score ?? Number.NaN,
    }));
    const best = scores.toSorted((x, y) => x.score - y.score)[0];
    assert.equal(best?.name, lowest, policy);
  }
  const [pool] = live({ policy: "round-robin", endpoints: three }).explain().pools;
  assert.ok(pool?.endpoints.every(({ score }) => score === null));
});

test("a sticky binding decides, unless its endpoint cannot serve", () => {
  const sticky = { kind: "route", value: "${request.cookie.to}", fallback: "reject" } as const;
  const { explain, state } = live({ endpoints: three, sticky });
  const bound = { url: "/", headers: [["Cookie", "to=x.b"]] } as const;
  const followed = explain(bound);
  assert.equal(followed.pools[0]?.choice, "b");
  assert.equal(followed.pools[0]?.sticky?.says, "bound to b");
  state("b").setStatus("draining", true);
  assert.equal(explain(bound).pools[0]?.choice, "b", "draining endpoints serve those bound to them");
  state("b").setStatus("maintenance", true);
  const refused = explain(bound);
  assert.match(refused.outcome, /answered 503 sticky-unavailable/);
  assert.match(
    refused.pools[0]?.sticky?.says ?? "",
    /bound to b, which cannot serve it: the request is refused/,
  );
  assert.equal(explain().pools[0]?.sticky?.says, "the request is bound to no endpoint");
});

test("a cookie that is not the pool's own is told from none", () => {
  const { explain } = live({ endpoints: three, sticky: { kind: "cookie", name: "srv" } });
  const saysFor = (headers: RequestSketch["headers"]): string | undefined =>
    explain({ url: "/", headers: headers ?? [] }).pools[0]?.sticky?.says;
  assert.match(saysFor([["Cookie", "srv=forged"]]) ?? "", /^its cookie srv was not signed for this pool/);
  assert.match(saysFor([["Cookie", "other=1"]]) ?? "", /^it brings no cookie srv/);
});

test("why nobody can take it: out, full, penalised; and a queue that would hold it", () => {
  const full = [{ name: "a", url: "http://127.0.0.1:1", maxRequests: 1 }];
  const outcomeOf = (pool: PoolInput, touch: (state: EndpointState) => void): string => {
    const { explain, shared } = live(pool);
    for (const { state } of shared.endpoints()) touch(state);
    return explain().outcome;
  };
  const start = (state: EndpointState): void => state.requestStarted();
  assert.match(
    outcomeOf({ endpoints: full }, () => {}),
    /pool app$/,
  );
  assert.match(outcomeOf({ endpoints: full }, start), /answered 503 pool-full: /);
  assert.match(outcomeOf({ endpoints: full, queue: {} }, start), /waits in the queue: /);
  assert.match(outcomeOf({ endpoints: full, queue: { mode: "observe" } }, start), /503 pool-full/);
  assert.match(
    outcomeOf({ endpoints: three, maxFails: { fails: 1, timeout: "1h" } }, (state) => {
      state.maxFailsWords[0] = 1;
      state.maxFailsWords[2] = 1;
    }),
    /answered 503 max-fails: /,
  );
  assert.match(
    outcomeOf({ endpoints: three }, (state) => state.setStatus("down", true)),
    /answered 503 no-endpoint: /,
  );
  // Who asked for a rest serves when nobody else can.
  assert.match(
    outcomeOf({ endpoints: three }, (state) => void (state.restUntilMs = 2_000_000)),
    /pool app$/,
  );
});

test("gates are listed, and one that refuses is the outcome", () => {
  const route: Omit<RouteInput, "pool"> = {
    access: { deny: ["10.0.0.0/8"] },
    basicAuth: { users: { ann: "plain:secret-word" } },
    rateLimits: ["one"],
    faults: { delay: { duration: "1s", share: "10%" } },
  };
  const { explain } = live({ endpoints: three }, route, {
    rateLimits: { one: { rate: "10/s", burst: 5 } },
    hooks: "/etc/hooks.ts",
  });
  const credentials = [["Authorization", "Basic eA=="]] as const;
  const passed = explain({ url: "/", headers: credentials });
  assert.deepEqual(
    passed.gates.map(({ gate, says }) => `${gate}: ${says}`),
    [
      "access: 127.0.0.1 is let in",
      "password: asks for user and password (realm restricted); the request brings some, unverified here",
      "rate-limit: one: key '127.0.0.1', 10 per second, 5 more at once, then 429",
      "hook: the hooks of /etc/hooks.ts are asked; they may answer instead",
      "faults: faults on purpose: 10 % held back for 1000 ms",
    ],
  );
  assert.match(explain().outcome, /answered 401 unauthorized/);
  assert.match(
    explain({ url: "/", clientAddress: "10.1.1.1", headers: credentials }).outcome,
    /answered 403 access-denied/,
  );
});

test("retries, budget and capacity as they stand", () => {
  const { explain, shared, clock } = live(
    {
      endpoints: three,
      retry: { statuses: ["502-503"], budget: { share: "50%" } },
      queue: { size: 7 },
      concurrency: { initial: 20 },
      shed: {},
      hedge: { percentile: 90 },
    },
    { retry: { attempts: 2 } },
  );
  const pool = shared.pools.get("app");
  for (let i = 0; i < 10; i++) pool?.budget.requestStarted(clock.nowMs());
  const { retries, capacity } = explain({ url: "/", method: "POST" }).pools[0] as PoolExplanation;
  assert.equal(retries.attemptsMax, 2);
  assert.equal(retries.isRepeatable, false);
  assert.deepEqual(retries.conditions, ["connect", "reset", "timeout", "502-503"]);
  assert.equal(retries.budget.balance, 5);
  assert.equal(retries.hedge?.percentile, 90);
  assert.equal(capacity.queue?.size, 7);
  assert.equal(capacity.concurrency?.limit, 20);
  assert.equal(capacity.shed?.low, 0.7);
});
