/** Traffic splits: shares, stickiness and cookies. */
import assert from "node:assert/strict";
import test from "node:test";
import { templateScope } from "../../test/support/template-scope.ts";
import { seededRandom } from "../core/random.ts";
import { branchAt, chooseBranch, compileSplit, splitCookie, type SplitSpec } from "./split.ts";

function splitOf(spec: Partial<SplitSpec>, fields: string[] = []) {
  const whole = { pools: { stable: 90, canary: 10, off: 0 }, by: null, cookie: null, ...spec };
  return compileSplit(whole, "split", { sink: { report: (field) => void fields.push(field) }, captures: [] });
}

test("fractions map to pools by weight, edges included", () => {
  const split = splitOf({});
  const pools = [0, 0.5, 0.8999, 0.9, 0.95, 0.9999999].map((fraction) => branchAt(split, fraction).pool);
  assert.deepEqual(pools, ["stable", "stable", "stable", "canary", "canary", "canary"]);
});

test("chance gives each pool its share, and one without weight nothing", () => {
  const split = splitOf({});
  const random = seededRandom(1);
  const scope = templateScope("GET /");
  const counts = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    const { pool } = chooseBranch(split, scope, random);
    counts.set(pool, (counts.get(pool) ?? 0) + 1);
  }
  assert.equal(counts.get("off"), undefined);
  const canary = counts.get("canary") ?? 0;
  assert.ok(Math.abs(canary - 1000) < 120, `${canary} of 10000`);
});

test("one value of the template always goes to one pool, and values spread by weight", () => {
  const split = splitOf({ by: "${request.header.user}" });
  const random = seededRandom(2);
  let canary = 0;
  for (let i = 0; i < 4000; i++) {
    const scope = templateScope("GET /", { headers: { user: `u${i}` } });
    const first = chooseBranch(split, scope, random);
    assert.equal(chooseBranch(split, scope, random), first);
    if (first.pool === "canary") canary++;
  }
  assert.ok(Math.abs(canary - 400) < 80, `${canary} of 4000`);
});

test("an empty value leaves the choice to chance", () => {
  const split = splitOf({ pools: { a: 1, b: 1 }, by: "${request.header.user}" });
  const random = seededRandom(3);
  const pools = new Set(
    Array.from({ length: 50 }, () => chooseBranch(split, templateScope("GET /"), random).pool),
  );
  assert.equal(pools.size, 2);
});

test("raising a weight moves only those who must move", () => {
  const [before, after] = [splitOf({ by: "x" }), splitOf({ by: "x", pools: { stable: 80, canary: 20 } })];
  for (let i = 0; i < 1000; i++) {
    if (branchAt(before, i / 1000).pool === "canary") assert.equal(branchAt(after, i / 1000).pool, "canary");
  }
});

test("a cookie keeps its client, is set once, and names no pool", () => {
  const split = splitOf({ cookie: "sp" });
  const random = seededRandom(4);
  const first = chooseBranch(split, templateScope("GET https://h/"), random);
  const header = splitCookie(split, first, templateScope("GET https://h/"));
  assert.match(header ?? "", /^sp=[0-9a-f]{8}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  const returning = templateScope("GET https://h/", { headers: { cookie: header?.split(";")[0] ?? "" } });
  for (let i = 0; i < 50; i++) assert.equal(chooseBranch(split, returning, random), first);
  assert.equal(splitCookie(split, first, returning), null);
});

test("a cookie of a pool that has lost its weight keeps nobody", () => {
  const old = splitOf({ cookie: "sp", pools: { a: 1, b: 1 } });
  const token = old.branches.find(({ pool }) => pool === "a")?.token ?? "";
  const now = splitOf({ cookie: "sp", pools: { a: 0, b: 1 } });
  const scope = templateScope("GET http://h/", { headers: { cookie: `sp=${token}` } });
  const branch = chooseBranch(now, scope, seededRandom(5));
  assert.equal(branch.pool, "b");
  assert.doesNotMatch(splitCookie(now, branch, scope) ?? "Secure", /Secure/);
});

test("weights, cookies and templates that cannot be are reported", () => {
  const fields: string[] = [];
  splitOf({ pools: { a: -1, b: 0 }, cookie: "a b", by: "${nope}" }, fields);
  assert.deepEqual(fields, ["split.pools.a", "split.pools", "split.cookie", "split.by"]);
});
