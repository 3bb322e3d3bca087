/** One configuration in YAML, JSON, TypeScript and flags: the effective configuration is the same. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { diffConfig } from "../../src/config/diff.ts";
import { effectiveEntries } from "../../src/config/effective.ts";
import { configFromFlags } from "../../src/config/flags.ts";
import { formatPath } from "../../src/config/issue.ts";
import { loadConfigFile } from "../../src/config/load.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { renderIssues } from "../../src/config/render-issue.ts";
import type { Config } from "../../src/config/schema.ts";
import { memoryReader } from "../support/memory-reader.ts";
import typescript from "./same/headgate.config.ts";

const folder = fileURLToPath(new URL("same/", import.meta.url));
const texts = new Map(["headgate.yaml", "headgate.json"].map((file) => [file, readFileSync(`${folder}${file}`, "utf8")]));
const modules = new Map([["headgate.config.ts", { default: typescript }]]);
const reader = memoryReader(texts, { ADMIN_PORT: "9901" }, modules);

const flags = configFromFlags({
  backends: ["http://10.0.0.1:8081", "http://10.0.0.2:8081"],
  weights: ["3", "1"],
  bind: "127.0.0.1",
  port: "3030",
  policy: "least-request",
  healthPath: "/health",
  healthInterval: "2s",
  healthTimeout: "500ms",
  workers: "2",
  connectTimeout: "1s",
  responseTimeout: "10s",
  idleTimeout: "90s",
  retries: "1",
  accessLog: "/var/log/headgate/access.log",
  statsPath: "/stats",
  logLevel: "debug",
  admin: "127.0.0.1:9901",
});

async function load(file: string): Promise<Config> {
  const result = await loadConfigFile(file, reader);
  if ("issues" in result) assert.fail(renderIssues(result.issues));
  return result.config;
}

function fromFlags(): Config {
  const result = parseConfig(flags.input, flags.origin);
  if ("issues" in result) assert.fail(renderIssues(result.issues));
  return result.config;
}

for (const file of ["headgate.json", "headgate.config.ts"]) {
  test(`${file} means the same as headgate.yaml`, async () => {
    const yaml = await load("headgate.yaml");
    const other = await load(file);
    assert.deepEqual(other, yaml);
    assert.deepEqual(diffConfig(yaml, other), []);
  });
}

test("the flags mean the same as headgate.yaml", async () => {
  assert.deepEqual(fromFlags(), await load("headgate.yaml"));
});

test("each spelling says where a value came from", async () => {
  const place = "pools.default.timeouts.connect";
  const origins: string[] = [];
  for (const file of ["headgate.yaml", "headgate.json", "headgate.config.ts"]) {
    const result = await loadConfigFile(file, reader);
    assert.ok("config" in result);
    const entry = effectiveEntries(result.config, result).find(({ path }) => formatPath(path) === place);
    origins.push(entry?.origin ?? "none");
  }
  const entry = effectiveEntries(fromFlags(), flags).find(({ path }) => formatPath(path) === place);
  origins.push(entry?.origin ?? "none");
  assert.deepEqual(origins, ["headgate.yaml:12", "headgate.json:13", "headgate.config.ts", "--connect-timeout"]);
});
