import assert from "node:assert/strict";
import { test } from "node:test";
import { configFromFlags, type Flags } from "./flags.ts";
import { parseConfig } from "./parse.ts";
import { renderIssues } from "./render-issue.ts";
import type { Config } from "./schema.ts";

const backends = ["http://localhost:8081", "http://localhost:8082"];

function configOf(flags: Partial<Flags>): Config {
  const { input, origin } = configFromFlags({ backends, ...flags });
  const result = parseConfig(input, origin);
  if ("issues" in result) assert.fail(renderIssues(result.issues));
  return result.config;
}

function reportOn(flags: Partial<Flags>): string {
  const { input, origin } = configFromFlags({ backends, ...flags });
  const result = parseConfig(input, origin);
  return "issues" in result ? renderIssues(result.issues) : "";
}

test("backends alone make a round robin on port 8080 with connecting probes", () => {
  const config = configOf({});
  assert.equal(config.listeners[0]?.address, ":8080");
  assert.equal(config.pools["default"]?.policy.name, "round-robin");
  assert.equal(config.pools["default"]?.health?.kind, "tcp");
  assert.deepEqual(
    config.pools["default"]?.endpoints.map(({ name, weight }) => [name, weight]),
    [
      ["localhost:8081", 1],
      ["localhost:8082", 1],
    ],
  );
  assert.deepEqual(
    config.routes.map(({ pool }) => pool),
    ["default"],
  );
});

test("the address is made of bind and port", () => {
  const addresses: readonly (readonly [Partial<Flags>, string])[] = [
    [{ port: "3030" }, ":3030"],
    [{ bind: "127.0.0.1" }, "127.0.0.1:8080"],
    [{ bind: "::1", port: "80" }, "[::1]:80"],
    [{ bind: "[::1]", port: "80" }, "[::1]:80"],
    [{ bind: "unix:/run/headgate.sock" }, "unix:/run/headgate.sock"],
  ];
  for (const [flags, address] of addresses) assert.equal(configOf(flags).listeners[0]?.address, address);
});

test("a health path makes the probes ask for it", () => {
  const health = configOf({ healthPath: "/health", healthInterval: "1s" }).pools["default"]?.health;
  assert.deepEqual([health?.kind, health?.path, health?.interval], ["http", "/health", 1000]);
});

test("a probe takes no longer than the interval unless it is told to", () => {
  const timeoutWith = (flags: Partial<Flags>): number | undefined =>
    configOf(flags).pools["default"]?.health?.timeout;
  assert.equal(timeoutWith({}), 2000);
  assert.equal(timeoutWith({ healthInterval: "10s" }), 2000);
  assert.equal(timeoutWith({ healthInterval: "500ms" }), 500);
  assert.equal(timeoutWith({ healthInterval: "500ms", healthTimeout: "1s" }), 1000);
});

test("retries count what follows the first attempt", () => {
  assert.equal(configOf({ retries: "0" }).pools["default"]?.retry.attempts, 1);
  assert.equal(configOf({ retries: "2" }).pools["default"]?.retry.attempts, 3);
});

const wrong: readonly (readonly [Partial<Flags>, string])[] = [
  [
    { backends: ["localhost:8081"] },
    "--backends: error: pools.default.endpoints[0] is wrong: the scheme is missing",
  ],
  [{ weights: ["3", "heavy"] }, "--weights: error: pools.default.endpoints[1].weight is wrong"],
  [{ port: "80800" }, "--port: error: listeners[0].address is wrong: '80800' is not a port"],
  [{ bind: "no where" }, "--bind: error: listeners[0].address is wrong"],
  [{ policy: "leastconn" }, "--policy: error: pools.default.policy is wrong"],
  [
    { healthInterval: "5" },
    "--health-interval: error: pools.default.health.interval is wrong: a duration needs a unit",
  ],
  [{ workers: "some" }, "--workers: error: workers is wrong"],
  [{ retries: "many" }, "--retries: error: pools.default.retry.attempts is wrong"],
  [{ connectTimeout: "1" }, "--connect-timeout: error:"],
  [{ responseTimeout: "1" }, "--response-timeout: error:"],
  [{ idleTimeout: "1" }, "--idle-timeout: error:"],
  [{ logLevel: "loud" }, "--log-level: error:"],
  [{ admin: "9900" }, "--admin: error:"],
];

for (const [flags, start] of wrong) {
  test(`an error about ${JSON.stringify(flags)} names the flag`, () => {
    const report = reportOn(flags);
    assert.ok(report.startsWith(start), report);
  });
}
