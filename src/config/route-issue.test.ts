import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./parse.ts";
import { readYaml } from "./read-yaml.ts";
import { routeIssue } from "./route-issue.ts";

const source = readYaml(
  "headgate.yaml",
  `pools:
  app: { endpoints: [http://10.0.0.1:8081] }
routes:
  - pool: app
  - match:
      path: [/a, /b]
      any: [{ header: { x-id: "1" } }]
    pool: app
`,
);
const result = parseConfig(source.value, source.origin);
const config = "config" in result ? result.config : assert.fail("refused");

const places: readonly (readonly [route: string, field: string, place: string])[] = [
  ["/a", "match.path[1]", "6:18"],
  ["/a", "match.any[0].header.x-id", "7:31"],
  ["/a", "match.not", "5:5"],
  ["default", "match.path", "4:5"],
];

for (const [route, field, place] of places) {
  test(`${field} of route ${route} stands at ${place}`, () => {
    const issue = routeIssue(
      { route, field, problem: "it is odd", fix: null },
      config,
      source.origin,
      "warning",
      "odd",
    );
    assert.equal(`${issue.location?.line}:${issue.location?.column}`, place);
    assert.equal(issue.message, `route ${route}, ${field}: it is odd`);
  });
}
