import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readEverything } from "../../test/support/everything.ts";
import { defineConfig, parseConfig } from "./parse.ts";
import { renderIssues } from "./render-issue.ts";
import type { Config, ConfigInput } from "./schema.ts";

function configOf(input: ConfigInput): Config {
  const result = parseConfig(input);
  if ("issues" in result) assert.fail(renderIssues(result.issues));
  return result.config;
}

const app = { endpoints: ["http://10.0.0.1:8081"] };

test("one pool alone is enough: it gets a listener on :8080 and a route for everything", () => {
  const config = configOf({ pools: { app } });
  assert.deepEqual(
    config.listeners.map(({ name, address }) => [name, address]),
    [[":8080", ":8080"]],
  );
  assert.deepEqual(
    config.routes.map(({ name, pool, match }) => [name, pool, match]),
    [["default", "app", {}]],
  );
});

test("durations are milliseconds, sizes bytes, shares fractions, and what is off or unlimited is 0 or Infinity", () => {
  const config = configOf({
    listeners: [
      {
        address: ":0",
        limits: { headBytes: "16KiB", bodyBytes: "unlimited" },
        timeouts: { head: "1.5s", exchange: "off" },
      },
    ],
    pools: { app: { ...app, health: { jitter: "20%" }, connections: { requestsMax: "unlimited" } } },
  });
  const { limits, timeouts } = config.listeners[0]!;
  const pool = config.pools["app"]!;
  assert.deepEqual(
    [limits.headBytes, limits.bodyBytes, timeouts.head, timeouts.exchange],
    [16_384, Infinity, 1500, 0],
  );
  assert.deepEqual([pool.health?.jitter, pool.connections.requestsMax], [0.2, Infinity]);
});

test("a version of TLS may be a number, and names of certificates are lower case", () => {
  const pair = { certificate: "a.pem", key: "a.key", names: ["*.Example.com"] };
  const { listeners } = configOf({
    listeners: [
      { address: ":1", tls: { minVersion: 1.3, certificates: pair } },
      { address: ":2", tls: { minVersion: "1.2", source: "acme", names: ["WWW.Example.com"] } },
    ],
    acme: { agreeToTerms: true },
    pools: { app },
  });
  const [files, acme] = listeners.map(({ tls }) => tls);
  assert.deepEqual([files?.minVersion, acme?.minVersion], ["1.3", "1.2"]);
  assert.deepEqual([files?.certificates[0]?.names, acme?.names], [["*.example.com"], ["www.example.com"]]);
});

test("idle connections are let go before Node.js origins close them", () => {
  assert.ok(configOf({ pools: { app } }).pools["app"]!.connections.idleTimeout < 5000);
});

test("a finished configuration is frozen through and through", () => {
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    assert.ok(Object.isFrozen(value), JSON.stringify(value));
    Object.values(value).forEach(visit);
  };
  visit(readEverything().config);
});

test("the input is not changed", () => {
  const input = { pools: { app: { endpoints: ["http://10.0.0.1:8081", 5] } }, routes: [{ pool: "ap" }, 7] };
  const before = structuredClone(input);
  parseConfig(input);
  assert.deepEqual(input, before);
});

test("routes without a name are named for what they match, each differently", () => {
  const config = configOf({
    pools: { app },
    routes: [
      { match: { path: "/a" }, pool: "app" },
      { match: { host: "example.com", path: ["/a/*", "/b"] }, pool: "app" },
      { match: { method: ["GET", "HEAD"], path: { regex: "^/x y" } }, pool: "app" },
      { match: { path: "/a", header: { x: true } }, pool: "app" },
      { name: "default", match: { path: "/z" }, pool: "app" },
      { pool: "app" },
    ],
  });
  assert.deepEqual(
    config.routes.map(({ name }) => name),
    ["/a", "example.com/a/*", "GET,HEAD:~^/x_y", "/a#2", "default", "default#2"],
  );
});

test("places that were already reported are not reported again", () => {
  const input = { pools: { app }, workers: "" };
  assert.ok("issues" in parseConfig(input));
  const result = parseConfig(input, undefined, [["workers"]]);
  assert.deepEqual("issues" in result ? result.issues : null, []);
});

test("whatever is thrown at it, it answers with a configuration or with issues", () => {
  const keys = [
    "listeners",
    "pools",
    "routes",
    "address",
    "endpoints",
    "url",
    "match",
    "pool",
    "app",
    "policy",
    "health",
    "__proto__",
    "constructor",
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      tie("leaf"),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("tree"), { maxKeys: 4 }),
    ),
    leaf: fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(":8080", "http://a", "5s", "${x}", "app"),
    ),
  }));
  fc.assert(
    fc.property(tree, (input) => {
      const result = parseConfig(input);
      if ("issues" in result) assert.ok(result.issues.some(({ severity }) => severity === "error"));
      else assert.ok(result.config.listeners.length >= 0);
    }),
    { seed: 7, numRuns: 500 },
  );
});

test("TypeScript refuses what the schema would refuse", () => {
  defineConfig({ pools: { app: { ...app, policy: "peak-ewma" } } });
  // @ts-expect-error a policy that does not exist
  defineConfig({ pools: { app: { ...app, policy: "peak-emwa" } } });
  // @ts-expect-error a duration without a unit
  defineConfig({ pools: { app: { ...app, timeouts: { connect: "5" } } } });
  // @ts-expect-error a number where a duration is wanted
  defineConfig({ pools: { app: { ...app, timeouts: { connect: 5 } } } });
  // @ts-expect-error a key that does not exist
  defineConfig({ pools: { app }, listners: [] });
  // @ts-expect-error a size in powers of ten
  defineConfig({ listeners: [{ address: ":80", limits: { headBytes: "16KB" } }], pools: { app } });
  // @ts-expect-error an option of another policy
  defineConfig({ pools: { app: { ...app, policy: { name: "round-robin", key: "x" } } } });
});
