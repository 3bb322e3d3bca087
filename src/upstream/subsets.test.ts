import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Subsets, membersWith, subsetKey } from "./subsets.ts";

const members = [
  { name: "a", labels: { version: "1", stage: "live" } },
  { name: "b", labels: { version: "2", stage: "live" } },
  { name: "c", labels: { version: "2", stage: "beta" } },
];

function make(whenEmpty: "none" | "any", subsetsMax = 10) {
  const builds: string[] = [];
  const subsets = new Subsets(members, { whenEmpty, subsetsMax }, (some) => {
    const names = some.map((one) => one.name).join("");
    builds.push(names);
    return { names };
  });
  return { subsets, builds };
}

describe("subsetKey", () => {
  it("is the same whatever the order, and different for different wishes", () => {
    assert.equal(subsetKey({ b: "2", a: "1" }), subsetKey({ a: "1", b: "2" }));
    assert.notEqual(subsetKey({ a: "1,b=2" }), subsetKey({ a: "1", b: "2" }));
    assert.notEqual(subsetKey({ a: "" }), subsetKey({}));
  });
});

describe("membersWith", () => {
  for (const [labels, names] of [
    [{}, "abc"],
    [{ version: "2" }, "bc"],
    [{ version: "2", stage: "live" }, "b"],
    [{ version: "3" }, ""],
    [{ toString: "x" }, ""],
  ] as const) {
    it(`finds '${names}' for ${JSON.stringify(labels)}`, () => {
      assert.equal(
        membersWith(members, labels)
          .map((one) => one.name)
          .join(""),
        names,
      );
    });
  }
});

describe("Subsets", () => {
  it("builds each subset once", () => {
    const { subsets, builds } = make("none");
    const first = subsets.find({ version: "2", stage: "live" });
    assert.equal(subsets.find({ stage: "live", version: "2" }), first);
    assert.deepEqual([first?.names, builds], ["b", ["b"]]);
  });

  it("serves the whole pool for no labels", () => {
    const { subsets } = make("none");
    assert.equal(subsets.find({}), subsets.whole);
  });

  it("serves nobody or everybody when no endpoint fits, as set", () => {
    assert.equal(make("none").subsets.find({ version: "9" }), null);
    const { subsets } = make("any");
    assert.equal(subsets.find({ version: "9" }), subsets.whole);
  });

  it("remembers no more than it may, forgetting the one longest unused", () => {
    const { subsets, builds } = make("none", 2);
    for (const version of ["1", "2", "1", "none", "1", "2"]) subsets.find({ version });
    assert.deepEqual(builds, ["a", "bc", "bc"]);
  });
});
