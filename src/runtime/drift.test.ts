import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPath } from "../config/issue.ts";
import { parseConfig } from "../config/parse.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import { carryDrift, driftOf } from "./drift.ts";
import { withEndpoint, withEndpointState, withEndpointWeight, withoutEndpoint } from "./endpoint-edits.ts";

type Endpoints = NonNullable<NonNullable<ConfigInput["pools"]>[string]["endpoints"]>;

function configOf(endpoints: Endpoints, more: ConfigInput = {}): Config {
  const result = parseConfig({ ...more, pools: { app: { endpoints } } });
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.config;
}

const a = "http://127.0.0.1:1";
const b = "http://127.0.0.1:2";
const c = "http://127.0.0.1:3";
const [nameA, nameB] = ["127.0.0.1:1", "127.0.0.1:2"];
const file = configOf([a, b]);

function seen(config: Config): string[] {
  return (config.pools["app"]?.endpoints ?? []).map(
    ({ name, weight, state }) => `${name} ${weight} ${state}`,
  );
}

test("nothing changed is no drift", () => {
  assert.deepEqual(driftOf(file, file), { changes: [], endpoints: [] });
});

test("edits of endpoints are told one by one", () => {
  let current = withEndpointWeight(file, "app", nameA, 5);
  current = withoutEndpoint(current, "app", nameB);
  current = withEndpoint(current, "app", c);
  const { changes, endpoints } = driftOf(file, current);
  assert.deepEqual(
    endpoints?.map((edit) => `${edit.kind} ${edit.endpoint.name}`),
    ["removed 127.0.0.1:2", "changed 127.0.0.1:1", "added 127.0.0.1:3"],
  );
  assert.ok(changes.some(({ path }) => formatPath(path) === 'pools.app.endpoints["127.0.0.1:1"].weight'));
});

test("a whole new configuration is drift, but no list of edits", () => {
  const { changes, endpoints } = driftOf(file, configOf([a, b], { via: "other" }));
  assert.equal(changes.length, 1);
  assert.equal(endpoints, null);
});

test("a drained endpoint stays drained when the file gets an unrelated change", () => {
  const drained = withEndpointState(file, "app", nameA, "draining");
  const { config, kept, replaced } = carryDrift(file, drained, configOf([a, b], { via: "other" }));
  assert.deepEqual(seen(config), ["127.0.0.1:1 1 draining", "127.0.0.1:2 1 ready"]);
  assert.equal(config.via, "other");
  assert.deepEqual([kept.length, replaced.length], [1, 0]);
});

test("the file wins where it says something new about the same thing", () => {
  const edited = withEndpointState(withEndpointWeight(file, "app", nameA, 9), "app", nameA, "draining");
  const { config, kept } = carryDrift(file, edited, configOf([{ url: a, weight: 3 }, b]));
  assert.deepEqual(seen(config), ["127.0.0.1:1 3 draining", "127.0.0.1:2 1 ready"]);
  assert.deepEqual(
    kept.map((edit) => (edit.kind === "changed" ? edit.fields : null)),
    [{ state: "draining" }],
  );
});

test("added and removed endpoints stay so until the file names or changes them", () => {
  const edited = withEndpoint(withoutEndpoint(file, "app", nameB), "app", c);
  assert.deepEqual(seen(carryDrift(file, edited, file).config), [
    "127.0.0.1:1 1 ready",
    "127.0.0.1:3 1 ready",
  ]);
  const inFile = configOf([a, { url: b, weight: 2 }, { url: c, weight: 8 }]);
  const { config, replaced } = carryDrift(file, edited, inFile);
  assert.deepEqual(seen(config), seen(inFile));
  assert.equal(replaced.length, 2);
});

test("an edit that was written into the file as it is was not replaced", () => {
  const edited = withEndpoint(withEndpointWeight(file, "app", nameA, 9), "app", c);
  const { config, kept, replaced } = carryDrift(file, edited, configOf([{ url: a, weight: 9 }, b, c]));
  assert.deepEqual(seen(config), seen(edited));
  assert.deepEqual([kept, replaced], [[], []]);
});

test("edits go with their endpoint or pool", () => {
  const edited = withEndpoint(withEndpointWeight(file, "app", nameA, 9), "app", c);
  assert.deepEqual(seen(carryDrift(file, edited, configOf([b, c])).config), [
    "127.0.0.1:2 1 ready",
    "127.0.0.1:3 1 ready",
  ]);
  const otherPool = parseConfig({ pools: { web: { endpoints: [b] } } });
  assert("config" in otherPool);
  assert.deepEqual(carryDrift(file, edited, otherPool.config).config, otherPool.config);
});

test("after a whole new configuration the file is taken as it stands", () => {
  const current = withEndpointWeight(configOf([a, b], { via: "other" }), "app", nameA, 9);
  assert.equal(carryDrift(file, current, file).config, file);
});
