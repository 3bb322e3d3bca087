/** Headgate's own policies, to be judged beside a user's. */
import { createPolicy, hashAlgorithms, type PolicySpec } from "../create-policy.ts";
import type { PolicySubject } from "./policy-report.ts";

const specs: readonly (readonly [string, PolicySpec])[] = [
  ["round-robin", { name: "round-robin" }],
  ["least-request", { name: "least-request" }],
  ["least-request of 2", { name: "least-request", choices: 2 }],
  ["random", { name: "random" }],
  ["power-of-two", { name: "power-of-two" }],
  ["least-time", { name: "least-time" }],
  ["peak-ewma", { name: "peak-ewma" }],
  ["peak-ewma of all", { name: "peak-ewma", choices: 0 }],
  ["ip-hash", { name: "ip-hash" }],
  ...hashAlgorithms.map((algorithm): [string, PolicySpec] => [
    `hash, ${algorithm}`,
    { name: "hash", algorithm },
  ]),
  ["hash, bounded 1.25", { name: "hash", boundedLoad: 1.25 }],
  ["first", { name: "first" }],
];

export const builtInSubjects: readonly PolicySubject[] = specs.map(([title, spec]) => ({
  title,
  create: (parts) => createPolicy(spec, parts),
}));
