import assert from "node:assert/strict";
import { test } from "node:test";
import { readEndpointList } from "./endpoint-list.ts";

function names(text: string): readonly string[] | string {
  const result = readEndpointList(text, 5);
  return "problem" in result ? result.problem : result.endpoints.map(({ name }) => name);
}

test("a list is YAML or JSON, of URLs or of endpoints as in the configuration, bare or under endpoints", () => {
  for (const text of [
    "- http://10.0.0.1:80\n- { url: http://10.0.0.2:80, weight: 3 }\n",
    "endpoints:\n  - http://10.0.0.1:80\n  - http://10.0.0.2:80\n",
    '["http://10.0.0.1:80", {"url": "http://10.0.0.2:80"}]',
    '{"endpoints": ["http://10.0.0.1:80", "http://10.0.0.2:80"], "x-comment": "ours"}',
  ])
    assert.deepEqual(names(text), ["10.0.0.1:80", "10.0.0.2:80"]);
});

test("an endpoint's fields are read and filled in as in the configuration", () => {
  const result = readEndpointList(
    "- { url: http://a:1, weight: 3, state: draining, labels: { rack: r1 } }",
    5,
  );
  assert("endpoints" in result);
  const [endpoint] = result.endpoints;
  assert.deepEqual(
    [endpoint?.weight, endpoint?.state, endpoint?.labels, endpoint?.priority],
    [3, "draining", { rack: "r1" }, 0],
  );
});

const wrong: readonly (readonly [text: string, problem: RegExp])[] = [
  ["", /neither a list of endpoints nor a section/],
  ["a: 1", /neither a list of endpoints nor a section/],
  ["endpoints: []\nroutes: []", /neither a list of endpoints nor a section/],
  ["[", /^line 1: not readable/],
  ["- http://a:1\n- { url: http://b:2, wight: 3 }", /^line 2: endpoints\[1\] has no key 'wight'/],
  ["endpoints:\n  - http://a:1\n  - 10.0.0.1:80", /^line 3: endpoints\[1\] is wrong: the scheme is missing/],
  ["- { url: http://a:1, isFound: true }", /has no key 'isFound'/],
  [`[${'"http://a:1",'.repeat(5)}"http://a:1"]`, /it has 6 endpoints; endpointsMax is 5/],
  ["- http://a:1\u0007\n", /^line 1: /],
];
for (const [text, problem] of wrong) {
  test(`${JSON.stringify(text).slice(0, 60)} is refused as a whole, with the place`, () => {
    assert.match(String(names(text)), problem);
    assert.doesNotMatch(String(names(text)), /[\0-\x1f]/);
  });
}

test("aliases without end are refused, and what is told of a mistake is short", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let level = 0; level < 8; level++)
    bomb.push(`${"bcdefghi"[level]}: &${"bcdefghi"[level]} [${`*${"abcdefgh"[level]},`.repeat(9)}]`);
  assert.match(String(names(bomb.join("\n"))), /./);
  assert.ok(String(names(`- ${"x".repeat(100_000)}`)).length <= 300);
});
