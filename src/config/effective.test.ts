import assert from "node:assert/strict";
import { test } from "node:test";
import { readEverything } from "../../test/support/everything.ts";
import { diffConfig } from "./diff.ts";
import { effectiveEntries, printEffective } from "./effective.ts";
import { formatPath } from "./issue.ts";
import { parseConfig } from "./parse.ts";
import { readYaml } from "./read-yaml.ts";
import { renderIssues } from "./render-issue.ts";
import type { Config } from "./schema.ts";

/** The only secret in the configuration that sets everything. */
const secret = "scrypt:c2FsdA==:a2V5a2V5";

function parsed(text: string): { config: Config; source: ReturnType<typeof readYaml> } {
  const source = readYaml("test.yaml", text);
  const result = parseConfig(source.value, source.origin);
  if ("issues" in result) assert.fail(renderIssues([...source.issues, ...result.issues]));
  return { config: result.config, source };
}

test("what is printed reads back as the same configuration", () => {
  const { config, source } = readEverything();
  const text = printEffective(config, { input: source.value, origin: source.origin });
  const complete = text
    .replace("webhook: <secret>", "webhook: https://hooks.example.com/T1/B2")
    .replaceAll("<secret>", secret);
  assert.deepEqual(diffConfig(config, parsed(complete).config), []);
});

test("what is printed of a short configuration reads back as the same, defaults included", () => {
  const { config, source } = parsed("pools: { app: { endpoints: [http://10.0.0.1:8081] } }");
  const text = printEffective(config, { input: source.value, origin: source.origin });
  assert.deepEqual(diffConfig(config, parsed(text).config), []);
});

test("secrets are not printed", () => {
  const { config, source } = readEverything();
  const text = printEffective(config, { input: source.value, origin: source.origin });
  assert.equal(text.match(/<secret>/g)?.length, 8);
  assert.ok(!text.includes(secret));
});

test("each value says where it came from", () => {
  const { config, source } = parsed(`workers: 2
listeners: [":8080"]
pools:
  app:
    policy: least-request
    endpoints:
      - http://10.0.0.1:8081
      - { url: http://10.0.0.2:8081, weight: 3 }
    health: /health
    retry: { statuses: 503 }
`);
  const context = {
    input: source.value,
    origin: source.origin,
    variables: new Map([[["workers"], ["CORES"]]]),
  };
  const origins = new Map(
    effectiveEntries(config, context).map(({ path, origin }) => [formatPath(path), origin]),
  );
  const expected: readonly (readonly [string, string])[] = [
    ["workers", "test.yaml:1, env CORES"],
    ["listeners[0].address", "test.yaml:2"],
    ["listeners[0].name", "default: the address"],
    ["pools.app.policy.name", "test.yaml:5"],
    ["pools.app.policy.choices", "default"],
    ["pools.app.endpoints[0].url", "test.yaml:7"],
    ["pools.app.endpoints[0].weight", "default"],
    ["pools.app.endpoints[1].weight", "test.yaml:8"],
    ["pools.app.health.path", "test.yaml:9"],
    ["pools.app.health.fall", "default"],
    ["pools.app.retry.statuses[0]", "test.yaml:10"],
    ["routes[0].pool", "default"],
    ["shutdown.grace", "default"],
  ];
  for (const [path, origin] of expected) assert.equal(origins.get(path), origin, path);
});
