import assert from "node:assert/strict";
import { test } from "node:test";
import { startBalancerRig } from "../support/balancer-rig.ts";

const endpoints = {
  "stable-1": { labels: { stage: "stable", zone: "a" } },
  "stable-2": { labels: { stage: "stable", zone: "b" } },
  beta: { labels: { stage: "beta" } },
};
const origins = Object.keys(endpoints);

test("a route uses only the endpoints that carry its labels, in turn", async () => {
  await using rig = await startBalancerRig({ origins, endpoints, route: { labels: { stage: "stable" } } });
  const bodies = await rig.bodies(4);
  assert.deepEqual(bodies.slice(0, 2).toSorted(), ["stable-1", "stable-2"]);
  assert.deepEqual(bodies.slice(2), bodies.slice(0, 2));
});

test("labels may come from the request", async () => {
  const labels = { stage: "${request.header.x-stage:-stable}" };
  await using rig = await startBalancerRig({ origins, endpoints, route: { labels } });
  assert.deepEqual(await rig.bodies(2, { headers: { "x-stage": "beta" } }), ["beta", "beta"]);
  assert.ok(!(await rig.bodies(4)).includes("beta"));
});

test("labels may come from a capture of the path", async () => {
  const route = { match: { path: "/:stage/*" }, labels: { stage: "${capture.stage}" } };
  await using rig = await startBalancerRig({ origins, endpoints, route });
  assert.equal((await rig.ask("/beta/x")).body, "beta");
});

test("when nobody carries the labels there is no endpoint", async () => {
  await using rig = await startBalancerRig({ origins, endpoints, route: { labels: { stage: "canary" } } });
  const answer = await rig.ask();
  assert.deepEqual([answer.status, answer.header("headgate-cause")], [503, "no-endpoint"]);
});

test("a client bound to an endpoint outside the subset is served and bound within it", async () => {
  await using rig = await startBalancerRig({
    origins,
    endpoints,
    pool: { sticky: { kind: "cookie" } },
    route: { match: { path: "/stable" }, labels: { stage: "stable" } },
    config: { routes: [{ pool: "app", labels: { stage: "beta" } }] },
  });
  const first = await rig.ask("/");
  const cookie = (first.header("set-cookie") ?? "").split(";")[0] ?? "";
  const second = await rig.ask({ path: "/stable", headers: { cookie } });
  assert.ok(second.body.startsWith("stable"));
  assert.ok(second.header("set-cookie") !== undefined);
});
