import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { type Explanation, explainRequest } from "./explain.ts";
import { type RequestSketch, SketchError } from "./hypothetical-request.ts";
import { checkAssertions, parseAssertion } from "./route-assertions.ts";
import { SharedState } from "./shared-state.ts";

function configOf(input: ConfigInput): Config {
  const result = parseConfig(input);
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.config;
}

const config = configOf({
  listeners: [
    { name: "main", address: ":8080", timeouts: { exchange: "30s" }, limits: { bodyBytes: "1MiB" } },
  ],
  pools: {
    app: {
      policy: { name: "hash", key: "${request.header.x-user}" },
      endpoints: [
        { name: "b1", url: "http://127.0.0.1:1" },
        { name: "b2", url: "http://127.0.0.1:2" },
        { name: "b3", url: "http://127.0.0.1:3", state: "maintenance" },
        { name: "b4", url: "http://127.0.0.1:4", weight: 0 },
      ],
    },
    web: { endpoints: [{ name: "w1", url: "http://127.0.0.1:5" }], timeouts: { connect: "2s" } },
    out: { endpoints: [{ name: "o1", url: "http://127.0.0.1:6", state: "draining" }] },
  },
  routes: [
    { name: "api", match: { path: "/api/:version/*" }, pool: "app", limits: { bodyBytes: "unlimited" } },
    { name: "admin", match: { path: "/admin", method: "POST" }, pool: "web" },
    { name: "split", match: { host: "canary.test" }, split: { pools: { web: 3, app: 1 } } },
    { name: "out", match: { path: "/out" }, pool: "out" },
    { name: "old", match: { path: "/old/*" }, redirect: { to: "/new", status: 301 } },
  ],
});

function explain(sketch: RequestSketch, shared: SharedState | null = null): Explanation {
  return explainRequest(sketch, {
    config,
    shared,
    clock: new VirtualClock(),
    random: seededRandom(1),
    policyModules: new Map(),
    probeReason: () => "connection refused",
    ejectionReason: () => "5 failures in a row",
  });
}

test("the route, its captures, the limits and every endpoint with its reason", () => {
  const { route, outcome, limits, pools, isLive } = explain({
    url: "/api/v1/x",
    headers: [["X-User", "ann"]],
  });
  assert.equal(outcome, "route api, pool app");
  assert.equal(route.captures["version"], "v1");
  assert.deepEqual(limits, {
    exchangeMs: 30_000,
    requestBodyBytes: null,
    requestBytesPerSecond: null,
    responseBytesPerSecond: null,
    bandwidthMode: "enforce",
  });
  assert.equal(isLive, false);
  const [pool] = pools;
  assert.equal(pool?.key, "ann");
  assert.deepEqual(
    pool?.endpoints.map(({ name, isEligible, reasons }) => [name, isEligible, reasons.join()]),
    [
      ["b1", true, ""],
      ["b2", true, ""],
      ["b3", false, "in maintenance"],
      ["b4", false, "weight 0"],
    ],
  );
});

test("a hash policy's choice is told, the same each time, and it depends on the key", () => {
  const choice = (user: string): string | null =>
    explain({ url: "/api/v1/x", headers: [["x-user", user]] }).pools[0]?.choice ?? null;
  assert.equal(choice("ann"), choice("ann"));
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  assert.deepEqual([...new Set(users.map((user) => String(choice(user))))].toSorted(), ["b1", "b2"]);
});

test("a lone endpoint is the choice; splits have shares; a pool with nobody is told with its status", () => {
  assert.equal(explain({ method: "POST", url: "/admin" }).pools[0]?.choice, "w1");
  const split = explain({ url: "http://canary.test/" });
  assert.deepEqual(
    split.pools.map(({ pool, share }) => [pool, share]),
    [
      ["web", 0.75],
      ["app", 0.25],
    ],
  );
  assert.match(explain({ url: "/out" }).outcome, /answered 503 no-endpoint: The pool has no endpoint/);
});

test("no route, with the near misses; a path with two readings; answers without a pool", () => {
  const missed = explain({ url: "/admin" });
  assert.match(missed.outcome, /^answered 404 no-route/);
  assert.match(missed.route.nearMisses[0]?.reason ?? "", /method/);
  assert.match(explain({ url: "/old/..%2fapi/v1/x" }).outcome, /^answered 400 unclear-path/);
  assert.equal(explain({ url: "/old/x" }).outcome, "route old, redirect 301");
});

test("live state is read: probes, ejection, requests in flight, and nothing is moved", () => {
  const shared = new SharedState(1, seededRandom(1), new VirtualClock());
  shared.adopt(config);
  shared.publish();
  const b1 = shared.find("app", "b1")?.state;
  const b2 = shared.find("app", "b2")?.state;
  assert(b1 !== undefined && b2 !== undefined);
  b1.setStatus("down", true);
  b2.requestStarted();
  const before = new Uint8Array(b1.buffer).toString() + new Uint8Array(b2.buffer).toString();
  const { pools, isLive } = explain({ url: "/api/v1/x", headers: [["x-user", "ann"]] }, shared);
  assert.equal(isLive, true);
  assert.deepEqual(pools[0]?.endpoints[0]?.reasons, ["down: connection refused"]);
  assert.equal(pools[0]?.endpoints[1]?.activeRequests, 1);
  assert.equal(pools[0]?.choice, "b2");
  assert.equal(new Uint8Array(b1.buffer).toString() + new Uint8Array(b2.buffer).toString(), before);
});

for (const [sketch, pattern] of [
  [{ url: "nowhere" }, /neither a URL/],
  [{ url: "ftp://x/" }, /neither a URL/],
  [{ url: "/", method: "GE T" }, /no method/],
] as const) {
  test(`a request that makes no sense is refused: ${JSON.stringify(sketch)}`, () => {
    assert.throws(
      () => explain(sketch),
      (error) => error instanceof SketchError && pattern.test(error.message),
    );
  });
}

test("the path is taken as it was written, the host from the Host header if there is one", () => {
  const { request } = explain({
    url: "HTTPS://user@Example.test:8443/a/../b?x=1#y",
    headers: [["Host", "Other.test:1"]],
  });
  assert.deepEqual(
    [request.host, request.path, request.query, request.isSecure],
    ["other.test", "/a/../b", "x=1", true],
  );
  assert.equal(explain({ url: "http://example.test" }).request.path, "/");
});

test("assertions hold by route, by pool or by status", () => {
  const results = checkAssertions(
    config,
    [
      "GET http://h/api/v1/x => api",
      "/api/v1/x=>app",
      "post /admin => web",
      "/admin => 404",
      "/old/..%2fapi/v1/x => 400",
      "http://canary.test/ => app",
      "/admin => web",
      "/old/x => new",
    ].map(parseAssertion),
  );
  assert.deepEqual(
    results.map(({ holds }) => holds),
    [true, true, true, true, true, true, false, false],
  );
  assert.match(results[6]?.found ?? "", /^404 no-route; nearest is admin: method/);
  assert.equal(results[7]?.found, "route old, redirect 301");
  assert.throws(() => parseAssertion("GET /x"), SketchError);
});
