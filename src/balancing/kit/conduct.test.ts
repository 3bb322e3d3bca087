import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidate, Policy } from "../policy.ts";
import { builtInSubjects } from "./built-in-subjects.ts";
import { judgeConduct } from "./conduct.ts";

for (const { title, create } of builtInSubjects) {
  test(`${title} behaves`, () => assert.deepEqual(judgeConduct(create, 5), []));
}

const outsider: Candidate = {
  name: "outsider",
  weight: 1,
  activeRequests: 0,
  peakLatencyMs: null,
  meanLatencyMs: null,
  isEligible: true,
  isFull: false,
};

/** What each does wrong, as `pick`, and what is said about it. */
const faulty: readonly (readonly [says: RegExp, pick: Policy["pick"]])[] = [
  [/tried already/, (eligible) => eligible[0] ?? null],
  [
    /is full/,
    (eligible, _key, tried) => eligible.find((each) => !tried.includes(each) && each.weight > 0) ?? null,
  ],
  [
    /without weight/,
    (eligible, _key, tried) => eligible.find((each) => !tried.includes(each) && !each.isFull) ?? null,
  ],
  [/nobody although/, () => null],
  [/not offered/, () => outsider as never],
  [
    /pick throws: TypeError/,
    (eligible) => (eligible[0]!.name.charCodeAt(0) > 0 ? (eligible[99]!.name as never) : null),
  ],
];

for (const [says, pick] of faulty) {
  test(`a policy that should not is told: ${says.source}`, () => {
    const faults = judgeConduct(() => ({ needsKey: false, pick }), 5);
    assert.ok(
      faults.some((fault) => says.test(fault)),
      faults.join("\n"),
    );
  });
}

test("a policy that cannot be made is told", () => {
  const faults = judgeConduct(() => {
    throw new Error("no licence");
  }, 5);
  assert.deepEqual(faults, ["it cannot be made: Error: no licence"]);
});
