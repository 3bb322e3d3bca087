import assert from "node:assert/strict";
import { test } from "node:test";
import { Access, isPrivate } from "./access.ts";
import type { AdminContext } from "./operation.ts";
import { ProblemError } from "./problem.ts";
import { startAdminServer } from "./server.ts";

const tokens = [
  { token: "read-token-0123456789", scope: "read", name: "reader" },
  { token: "write-token-012345678", scope: "write", name: "ann" },
] as const;

function verdict(
  access: Access,
  asked: Partial<Parameters<Access["check"]>[0]>,
  scope: "none" | "read" | "write",
): string {
  const all = {
    host: "127.0.0.1:9900",
    origin: undefined,
    fetchSite: undefined,
    authorization: undefined,
    ...asked,
  };
  try {
    return access.check(all, scope).name;
  } catch (error) {
    assert(error instanceof ProblemError);
    return error.problem.code;
  }
}

test("tokens open what their scope allows, and are known by their names", () => {
  const access = new Access(tokens);
  for (const [authorization, scope, expected] of [
    ["Bearer read-token-0123456789", "read", "reader"],
    ["bearer   read-token-0123456789  ", "read", "reader"],
    ["Bearer read-token-0123456789", "write", "scope-too-small"],
    ["Bearer write-token-012345678", "read", "ann"],
    ["Bearer write-token-012345678", "write", "ann"],
    ["Bearer write-token-012345679", "write", "wrong-token"],
    ["Bearer write-token-01234567", "write", "wrong-token"],
    ["Basic cmVhZA==", "read", "no-token"],
    ["Bearer", "read", "no-token"],
    [undefined, "read", "no-token"],
    [undefined, "none", "local"],
  ] as const) {
    assert.equal(verdict(access, { authorization }, scope), expected, `${authorization} for ${scope}`);
  }
});

test("with tokens any name is a good Host, because nobody else can know a token", () => {
  const authorization = "Bearer read-token-0123456789";
  assert.equal(verdict(new Access(tokens), { host: "gate.example.com", authorization }, "read"), "reader");
  assert.equal(verdict(new Access([]), { host: "gate.example.com" }, "read"), "wrong-host");
  assert.equal(verdict(new Access([]), { host: undefined }, "read"), "local");
});

test("another site's page is refused with and without tokens, also where no token is needed", () => {
  for (const access of [new Access([]), new Access(tokens)]) {
    const authorization = "Bearer read-token-0123456789";
    for (const asked of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { fetchSite: "cross-site" },
      { fetchSite: "same-site" },
    ]) {
      assert.equal(verdict(access, { ...asked, authorization }, "read"), "cross-site");
      assert.equal(verdict(access, asked, "none"), "cross-site");
    }
    const same = { origin: "http://127.0.0.1:9900", fetchSite: "same-origin", authorization };
    assert.notEqual(verdict(access, same, "read"), "cross-site");
  }
});

test("only this machine's addresses are private", () => {
  for (const [address, expected] of [
    ["127.0.0.1:9900", true],
    ["127.9.9.9:9900", true],
    ["localhost:9900", true],
    ["[::1]:9900", true],
    ["unix:/run/headgate.sock", true],
    [":9900", false],
    ["0.0.0.0:9900", false],
    ["[::]:9900", false],
    ["10.0.0.1:9900", false],
    ["gate.example.com:9900", false],
  ] as const) {
    assert.equal(isPrivate(address), expected, address);
  }
});

test("the server itself refuses to listen publicly without a token, whatever let the configuration through", async () => {
  const paths = { draft: () => assert.fail(), place() {}, remove() {} };
  const parts = {
    context: {} as AdminContext,
    config: { address: "0.0.0.0:0", tokens: [] },
    inherited: null,
    paths,
    dashboardFiles: () => null,
  };
  await assert.rejects(startAdminServer(parts), /cannot listen on 0\.0\.0\.0:0: EACCES/);
});
