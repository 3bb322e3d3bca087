import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveTopology } from "../../admin/live/live-messages.ts";
import { LiveModel } from "./live-model.ts";

const endpoint = { pool: 0, configuredWeight: 1, isBackup: false };
const topology: LiveTopology = {
  revision: 1,
  listeners: [{ name: "main", address: "127.0.0.1:80" }],
  routes: [{ name: "all", action: "pool app", pools: ["app"] }],
  pools: [{ name: "app", policy: "round-robin", hasProbes: true }],
  ways: [[0, 0]],
  endpoints: [
    { ...endpoint, name: "b1", url: "http://127.0.0.1:1" },
    { ...endpoint, name: "b2", url: "http://127.0.0.1:2" },
  ],
};

function total(requests: number): number[] {
  return [requests, 0, 0, 0, 0, 0];
}

function modelWithRates(): LiveModel {
  const model = new LiveModel();
  model.setTopology(topology);
  const none = [null, null];
  const rows = [[0, 100, 1, 0, 0, ...none] as const, [1, 50, 2, 0, 0, ...none] as const];
  model.takeNumbers({ at: 10_000, total: total(150), pools: [[0, 150, 0, 3, 1, 2, 3]], endpoints: rows });
  model.takeNumbers({
    at: 11_000,
    total: total(180),
    pools: [[0, 180, 0, 3, 1, 2, 3]],
    departures: [[0, 30]],
    endpoints: [[0, 120, 1, 0, 0, ...none]],
  });
  return model;
}

test("a rate is the growth between two messages, and there is none after the first", () => {
  const model = new LiveModel();
  model.setTopology(topology);
  model.takeNumbers({ at: 10_000, total: total(150) });
  assert.equal(model.hasRates, false);
  assert.equal(model.total.requests.rate, 0);
  const later = modelWithRates();
  assert.equal(later.total.requests.value, 180);
  assert.equal(later.total.requests.rate, 30);
  assert.equal(later.pool("app")?.requests.rate, 30);
  assert.equal(later.endpoint("app", "b1")?.requests.rate, 20);
});

test("a row that did not come stands still, and its rate fades", () => {
  const model = modelWithRates();
  assert.equal(model.endpoint("app", "b2")?.requests.rate, 0);
  for (let second = 12; second < 40; second++) model.takeNumbers({ at: second * 1000, total: total(180) });
  assert.equal(model.endpoint("app", "b1")?.requests.rate, 0);
  assert.equal(model.endpoint("app", "b1")?.requests.value, 120);
  assert.equal(model.total.requests.rate, 0);
});

test("while rows wait for their turn, their rates are over the time since they came last", () => {
  const model = modelWithRates();
  model.takeNumbers({ at: 12_000, total: total(200), isPartial: true });
  model.takeNumbers({ at: 13_000, total: total(220), isPartial: true });
  assert.equal(model.endpoint("app", "b1")?.requests.rate, 20);
  model.takeNumbers({
    at: 15_000,
    total: total(260),
    isPartial: true,
    endpoints: [[0, 200, 1, 0, 0, null, null]],
  });
  assert.equal(model.endpoint("app", "b1")?.requests.rate, 20);
});

test("a state comes with its reason, by itself or with the numbers", () => {
  const model = modelWithRates();
  model.takeStates([[1, "down", "ready", 0, 1, "connection refused", 9000]]);
  const found = model.endpoint("app", "b2");
  assert.deepEqual([found?.state, found?.isEligible, found?.reason], ["down", false, "connection refused"]);
});

test("over a revision, what keeps its name keeps its numbers, and new things begin without", () => {
  const model = modelWithRates();
  const grown = { ...endpoint, name: "b3", url: "http://127.0.0.1:3" };
  model.setTopology({ ...topology, revision: 2, endpoints: [grown, ...topology.endpoints] });
  assert.equal(model.revision, 2);
  assert.equal(model.pool("app")?.requests.rate, 30);
  assert.equal(model.endpoint("app", "b1")?.requests.value, 120);
  assert.equal(model.endpoint("app", "b3")?.requests.value, 0);
  assert.deepEqual(
    model.pool("app")?.endpoints.map(({ name }) => name),
    ["b3", "b1", "b2"],
  );
  assert.equal(model.departures[0]?.requests.value, 30);
});
