import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryReader } from "../../test/support/memory-reader.ts";
import { effectiveEntries } from "./effective.ts";
import { formatPath } from "./issue.ts";
import { loadConfigFile, type LoadedConfig } from "./load.ts";
import { renderIssues } from "./render-issue.ts";

async function load(
  files: Record<string, string>,
  modules: Record<string, unknown> = {},
): Promise<LoadedConfig> {
  const [first = ""] = [...Object.keys(files), ...Object.keys(modules)];
  const reader = memoryReader(new Map(Object.entries(files)), {}, new Map(Object.entries(modules)));
  const result = await loadConfigFile(first, reader);
  if ("issues" in result) assert.fail(renderIssues(result.issues));
  return result;
}

async function report(files: Record<string, string>, modules: Record<string, unknown> = {}): Promise<string> {
  const [first = ""] = [...Object.keys(files), ...Object.keys(modules)];
  const result = await loadConfigFile(
    first,
    memoryReader(new Map(Object.entries(files)), {}, new Map(Object.entries(modules))),
  );
  return "issues" in result ? renderIssues(result.issues) : "";
}

const pool = (name: string): string => `pools: { ${name}: { endpoints: [http://10.0.0.1:8081] } }\n`;

test("included files add their listeners, routes and pools", async () => {
  const { config, files } = await load({
    "etc/headgate.yaml": `include: conf.d/*.yaml\nlisteners: [":8080"]\nroutes: [{ pool: a }]\n${pool("a")}`,
    "etc/conf.d/20-c.yaml": pool("c"),
    "etc/conf.d/10-b.yaml": `listeners: [":8081"]\nroutes: [{ match: { path: /b }, pool: b }]\n${pool("b")}`,
    "etc/conf.d/readme.txt": "not a configuration",
  });
  assert.deepEqual(
    config.listeners.map(({ name }) => name),
    [":8080", ":8081"],
  );
  assert.deepEqual(Object.keys(config.pools), ["a", "b", "c"]);
  assert.deepEqual(
    config.routes.map(({ name }) => name),
    ["default", "/b"],
  );
  assert.deepEqual(files, ["etc/headgate.yaml", "etc/conf.d/10-b.yaml", "etc/conf.d/20-c.yaml"]);
});

test("a value knows the file it came from, whatever was joined before it", async () => {
  const result = await load({
    "headgate.yaml": `include: [more.yaml]\nroutes: [{ pool: a }]\n${pool("a")}`,
    "more.yaml": `# the second\nroutes:\n  - match: { path: /b }\n    pool: a\n`,
  });
  const entry = effectiveEntries(result.config, result).find(
    ({ path }) => formatPath(path) === "routes[1].pool",
  );
  assert.equal(entry?.origin, "more.yaml:4");
});

test("files that include each other are read once", async () => {
  const { files } = await load({
    "a.yaml": `include: b.yaml\n${pool("a")}`,
    "b.yaml": "include: [a.yaml]\n",
  });
  assert.deepEqual(files, ["a.yaml", "b.yaml"]);
});

test("a pattern without any match is fine, a folder that is not there is not", async () => {
  const reader = memoryReader(new Map([["etc/headgate.yaml", `include: conf.d/*.yaml\n${pool("a")}`]]));
  assert.ok("config" in (await loadConfigFile("etc/headgate.yaml", reader)));
  const broken = {
    ...reader,
    list: () => Promise.reject(Object.assign(new Error("no"), { code: "ENOENT" })),
  };
  const result = await loadConfigFile("etc/headgate.yaml", broken);
  assert.ok("issues" in result);
  assert.match(
    renderIssues(result.issues),
    /^etc\/headgate.yaml:1:10: error: etc\/conf.d: there is no such file/,
  );
});

test("a module gives its default export, with functions for policies", async () => {
  const create = (): object => ({});
  const { config } = await load(
    {},
    {
      "headgate.config.ts": {
        default: { pools: { app: { policy: create, endpoints: ["http://10.0.0.1:8081"] } } },
      },
    },
  );
  const policy = config.pools["app"]?.policy;
  assert.ok(policy?.name === "custom" && policy.create === create);
});

test("a module without a default export is told so", async () => {
  assert.match(
    await report({}, { "headgate.config.ts": { config: {} } }),
    /^headgate.config.ts: error: the module's default export is not a configuration/,
  );
});

test("an error in a module names the file and the place in the object", async () => {
  const wrong = { default: { pools: { app: { endpoints: ["10.0.0.1:8081"] } } } };
  assert.match(
    await report({}, { "headgate.config.ts": wrong }),
    /^headgate.config.ts: error: pools.app.endpoints\[0\] is wrong: the scheme is missing/,
  );
});

test("a module that throws is an issue, not a crash", async () => {
  const reader = {
    ...memoryReader(new Map()),
    importModule: () => Promise.reject(new SyntaxError("Unexpected token")),
  };
  const result = await loadConfigFile("headgate.config.ts", reader);
  assert.ok("issues" in result);
  assert.match(renderIssues(result.issues), /headgate.config.ts: Unexpected token/);
});

test("a file that is not there is an issue", async () => {
  const result = await loadConfigFile("headgate.yaml", memoryReader(new Map()));
  assert.ok("issues" in result);
  assert.match(renderIssues(result.issues), /headgate.yaml: there is no such file/);
});

test("aliases and anchors are followed, and their errors have places", async () => {
  const text = `pools:\n  a: &shared\n    endpoints: [http://10.0.0.1:8081]\n    policy: randum\n  b: *shared\nroutes: [{ pool: a }, { match: { path: /b }, pool: b }]\n`;
  const text2 = await report({ "headgate.yaml": text });
  assert.equal(text2.match(/headgate.yaml:4:13: error/g)?.length, 2, text2);
});

test("keys that begin with x- are the user's own, for anchors that sections merge in", async () => {
  const { config } = await load({
    "headgate.yaml": `x-shared: &shared { policy: random }\npools:\n  app: { <<: *shared, endpoints: [http://10.0.0.1:8081] }\n`,
  });
  assert.equal(config.pools["app"]?.policy.name, "random");
});

test("Windows line ends and a byte order mark change nothing", async () => {
  const text = await report({
    "headgate.yaml":
      "\ufeffpools:\r\n  app:\r\n    endpoints: [http://10.0.0.1:8081]\r\n    polcy: random\r\n",
  });
  assert.match(text, /headgate.yaml:4:5: error: pools.app has no key 'polcy'\n {3}4 \| {5}polcy: random\n/);
});
