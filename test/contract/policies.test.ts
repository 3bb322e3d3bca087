/** Runs the contract suite for every policy that has a name, with each of its options. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createPolicy,
  hashAlgorithms,
  policyNames,
  type PolicySpec,
} from "../../src/balancing/create-policy.ts";
import { describePolicy, type PolicyTraits } from "./policy-contract.ts";

/** Everybody else is served only when the first is full. */
const prefersTheFirst: PolicyTraits = { mayStarveWhenIdle: true };

const cases: readonly (readonly [PolicySpec, PolicyTraits?])[] = [
  [{ name: "round-robin" }],
  [{ name: "least-request" }],
  [{ name: "least-request", choices: 3 }],
  [{ name: "random" }],
  [{ name: "power-of-two" }],
  [{ name: "least-time" }],
  [{ name: "peak-ewma" }],
  [{ name: "peak-ewma", choices: 0 }],
  [{ name: "ip-hash" }],
  [{ name: "ip-hash", boundedLoad: 1.25 }],
  ...hashAlgorithms.flatMap((algorithm): [PolicySpec][] => [
    [{ name: "hash", algorithm }],
    [{ name: "hash", algorithm, boundedLoad: 1.25 }],
  ]),
  [{ name: "first" }, prefersTheFirst],
];

for (const [spec, traits] of cases) {
  const { name, ...options } = spec;
  const title = [name, ...Object.entries(options).map(([key, value]) => `${key} ${value}`)].join(", ");
  describePolicy(title, (parts) => createPolicy(spec, parts), traits);
}

test("every policy name is under contract", () => {
  assert.deepEqual(
    policyNames.filter((name) => cases.every(([spec]) => spec.name !== name)),
    [],
  );
});
