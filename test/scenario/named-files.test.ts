/** What a configuration names outside itself: modules of policies, files of passwords. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigError } from "../../src/runtime/config-error.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const lastPolicy = file(
  "last.mjs",
  `export default (parts, { from }) => ({
    needsKey: true,
    pick: (eligible, key, tried) => eligible.filter((e) => !tried.includes(e) && key !== "").at(-from) ?? null,
  });`,
);

for (const workers of [0, 2]) {
  test(`a policy from a module serves with ${workers} workers`, async () => {
    const policy = {
      name: "module",
      path: lastPolicy,
      options: { from: 2 },
      key: "${request.path}",
    } as const;
    await using rig = await startBalancerRig({
      origins: ["a", "b", "c"],
      pool: { policy },
      config: { workers },
    });
    assert.deepEqual(await rig.bodies(3), ["b", "b", "b"]);
  });
}

const brokenModules: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ["no-default.mjs", "export const policy = 1;", /no function/],
  ["no-pick.mjs", "export default () => ({ needsKey: false });", /no method pick/],
  ["no-key.mjs", "export default () => ({ pick: () => null });", /no needsKey/],
  ["throws.mjs", "export default () => { throw new Error('not today'); };", /not today/],
  ["syntax.mjs", "export default (", /Unexpected/],
];

for (const [name, text, reason] of brokenModules) {
  test(`a module that makes no policy is refused with its place: ${name}`, async () => {
    const policy = { name: "module", path: file(name, text) } as const;
    await assert.rejects(startBalancerRig({ origins: ["a"], pool: { policy } }), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, reason);
      assert.deepEqual(error.issues[0]?.path, ["pools", "app", "policy", "path"]);
      return true;
    });
  });
}

test("a function as a policy and worker threads do not go together, and the error says what does", async () => {
  const policy = () => ({ needsKey: false, pick: () => null });
  await assert.rejects(
    startBalancerRig({ origins: ["a"], pool: { policy }, config: { workers: 1 } }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.issues[0]?.allowed ?? "", /workers: 0, or a module/);
      return true;
    },
  );
});

test("what a route's templates ask for is checked before anything changes", async () => {
  const route = { match: { path: "/:id" }, rewrite: { path: "/${capture.name}" } };
  await assert.rejects(startBalancerRig({ origins: ["a"], route }), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.issues[0]?.path, ["routes", 0, "rewrite", "path"]);
    return true;
  });
});

test("a file of passwords lets its users in, besides those of the configuration", async () => {
  const users = file("users", "# the crew\n\nann:plain:secret-of-ann\nbob:plain:old\n");
  const route = { basicAuth: { file: users, users: { bob: "plain:new" } } };
  await using rig = await startBalancerRig({ origins: ["a"], route });
  const status = async (credentials: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    return (await rig.ask({ headers: { authorization } })).status;
  };
  assert.equal(await status("ann:secret-of-ann"), 200);
  assert.equal(await status("bob:new"), 200);
  assert.equal(await status("bob:old"), 401);
  assert.equal(await status("eve:anything"), 401);
});

test("a file of passwords with mistakes is refused, line by line", async () => {
  const users = file("bad-users", "ann:plain:x\nno colon\nbob:md5:abc\n");
  await assert.rejects(
    startBalancerRig({ origins: ["a"], route: { basicAuth: { file: users } } }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.issues.map(({ message }) => /line \d/.exec(message)?.[0]),
        ["line 2", "line 3"],
      );
      return true;
    },
  );
});
