/** All actions of a route compiled together, and access by address. */
import assert from "node:assert/strict";
import test from "node:test";
import { compileAccess, mayEnter } from "./access.ts";
import { compileRouteActions } from "./route-actions.ts";

test("problems of all actions are told, each with its route and field", () => {
  const { problems } = compileRouteActions(
    "shop",
    { path: "/shop/:id" },
    {
      redirect: { to: "/${capture.idd}", status: 200 },
      rewrite: { stripPrefix: "shop" },
      requestHeaders: { set: { "X-A": "${request.methd}" } },
      access: { allow: ["10.0.0.0/99"], deny: [] },
      split: { pools: {}, by: null, cookie: null },
    },
  );
  assert.deepEqual(
    problems.map(({ route, field, fix }) => [route, field, fix]),
    [
      ["shop", "redirect.status", null],
      ["shop", "redirect.to", "capture.id"],
      ["shop", "rewrite.stripPrefix", null],
      ["shop", "requestHeaders.set.X-A", "request.method"],
      ["shop", "access.allow[0]", null],
      ["shop", "split.pools", null],
    ],
  );
});

test("captures are needed when a template names one", () => {
  const match = { path: "/:id" };
  assert.equal(
    compileRouteActions("r", match, { rewrite: { path: "/x/${capture.id}" } }).needsCaptures,
    true,
  );
  assert.equal(compileRouteActions("r", match, { rewrite: { path: "/x" } }).needsCaptures, false);
});

test("a route without actions has empty ones", () => {
  const { actions, problems } = compileRouteActions("r", undefined, {});
  assert.deepEqual(problems, []);
  assert.equal(actions.requestHeaders.isEmpty && actions.responseHeaders.isEmpty, true);
  assert.equal(
    actions.redirect ??
      actions.respond ??
      actions.rewrite ??
      actions.access ??
      actions.basicAuth ??
      actions.split,
    null,
  );
});

const entries: readonly (readonly [
  allow: readonly string[],
  deny: readonly string[],
  address: string,
  may: boolean,
])[] = [
  [[], [], "192.0.2.1", true],
  [["192.0.2.0/24"], [], "192.0.2.1", true],
  [["192.0.2.0/24"], [], "198.51.100.1", false],
  [["192.0.2.0/24"], ["192.0.2.1"], "192.0.2.1", false],
  [[], ["192.0.2.1"], "192.0.2.1", false],
  [[], ["192.0.2.1"], "192.0.2.2", true],
  [["192.0.2.0/24"], [], "unix:/run/x", false],
];

for (const [allow, deny, address, may] of entries) {
  test(`with allow [${allow.join()}] and deny [${deny.join()}], ${address} ${may ? "may" : "may not"} enter`, () => {
    const access = compileAccess({ allow, deny }, "access", { report: () => assert.fail("a problem") });
    assert.equal(mayEnter(access, address), may);
  });
}
