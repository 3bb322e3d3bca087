import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { editEndpoints, type EndpointEdit } from "./edit-endpoints.ts";
import { parseConfig } from "./parse.ts";

const file = `# our gate
listeners: [":8080", ':8081']
pools:
  app:
    policy: least-request # busy endpoints last
    endpoints:
      - http://10.0.0.1:80 # the old one
      # the big one
      - { url: "http://10.0.0.2:80", weight: 3 }
      - url: http://10.0.0.3:80
        name: third
routes:
  - { match: {path: /}, pool: app }
`;

const base = { pool: "app" };
const changed = (name: string, fields: object): EndpointEdit => ({
  ...base,
  kind: "changed",
  name,
  url: "",
  fields,
});

function edited(edits: readonly EndpointEdit[], text = file): string {
  const result = editEndpoints(text, edits);
  assert("text" in result, JSON.stringify(result));
  return result.text;
}

test("nothing to edit leaves the text as it is", () => {
  assert.equal(edited([]), file);
});

test("fields are set where the endpoint stands, comments stay", () => {
  const text = edited([
    changed("10.0.0.1:80", { state: "draining" }),
    changed("10.0.0.2:80", { weight: 5 }),
    changed("third", { maxRequests: Number.POSITIVE_INFINITY, weight: 2 }),
  ]);
  assert.equal(
    text,
    file
      .replace(
        "http://10.0.0.1:80 # the old one",
        "{ url: http://10.0.0.1:80, state: draining } # the old one",
      )
      .replace("weight: 3", "weight: 5")
      .replace("name: third\n", "name: third\n        maxRequests: unlimited\n        weight: 2\n"),
  );
});

test("endpoints are added in the shortest spelling and removed", () => {
  const parsed = parseConfig({
    pools: {
      app: { endpoints: ["http://10.0.0.4:80", { url: "http://10.0.0.5:80", name: "five", weight: 7 }] },
    },
  });
  assert("config" in parsed);
  const added = (parsed.config.pools["app"]?.endpoints ?? []).map((fields): EndpointEdit => ({
    ...base,
    kind: "added",
    name: fields.name,
    url: fields.url,
    fields,
  }));
  const text = edited([{ ...base, kind: "removed", name: "third", url: "" }, ...added]);
  assert.deepEqual((parse(text) as { pools: { app: { endpoints: unknown } } }).pools.app.endpoints, [
    "http://10.0.0.1:80",
    { url: "http://10.0.0.2:80", weight: 3 },
    "http://10.0.0.4:80",
    { url: "http://10.0.0.5:80", name: "five", weight: 7 },
  ]);
  assert.match(text, /# our gate[\s\S]*# the big one/);
});

test("JSON stays JSON", () => {
  const json = `{"pools":{"app":{"endpoints":[{"url":"http://10.0.0.1:80","weight":1}]}}}`;
  const text = edited([changed("10.0.0.1:80", { weight: 4 })], json);
  assert.deepEqual(JSON.parse(text), {
    pools: { app: { endpoints: [{ url: "http://10.0.0.1:80", weight: 4 }] } },
  });
});

for (const [text, pattern] of [
  ["pools: { app: { endpoints: *shared } }\nx-shared: &shared []\n", /no plain list|not valid/],
  ["pools: {}\n", /pools\.app\.endpoints is no plain list/],
  [
    "pools: { app: { endpoints: [http://10.0.0.9:80] } }\n",
    /endpoint 10\.0\.0\.1:80 of pool app is not written there/,
  ],
  ["pools: [\n", /not valid YAML/],
] as const) {
  test(`refused rather than guessed: ${text.trim()}`, () => {
    const result = editEndpoints(text, [changed("10.0.0.1:80", { weight: 4 })]);
    assert("problem" in result);
    assert.match(result.problem, pattern);
  });
}
