/** Policies by name with their options, and policies of the user's own. What each does stands in `balancing/`. */
import * as z from "zod";
import { field, leaf } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, duration } from "./leaves.ts";
import { nearestWord } from "../core/nearest-word.ts";
import { filePath, template } from "./texts.ts";

const named = <const N extends string>(name: N) => ({ name: field(z.literal(name), "The policy.") });

const options = [
  z.strictObject({ ...named("round-robin") }),
  z.strictObject({
    ...named("least-request"),
    choices: field(
      count(0, 64).prefault(0),
      "How many endpoints are drawn at random and compared; 0 compares all.",
    ),
  }),
  z.strictObject({ ...named("random") }),
  z.strictObject({ ...named("power-of-two") }),
  z.strictObject({ ...named("least-time") }),
  z.strictObject({
    ...named("peak-ewma"),
    choices: field(
      count(0, 64).prefault(2),
      "How many endpoints are drawn at random and compared; 0 compares all.",
    ),
    unknownLatency: field(
      duration(1).prefault("30ms"),
      "Latency assumed of an endpoint that has not answered yet.",
    ),
  }),
  z.strictObject({ ...named("ip-hash"), boundedLoad: boundedLoad() }),
  z.strictObject({
    ...named("hash"),
    key: field(
      template().prefault("${client.address}"),
      "What is hashed; requests with the same key go to the same endpoint.",
    ),
    algorithm: field(
      choice(["ketama", "maglev", "rendezvous", "modulo"]).prefault("ketama"),
      "How keys are placed: `ketama` (nginx's ring), `maglev` (fast table), `rendezvous` (least movement), `modulo` (nginx's plain hash, which moves nearly all keys on a change).",
    ),
    boundedLoad: boundedLoad(),
  }),
  z.strictObject({ ...named("first") }),
  z.strictObject({
    ...named("module"),
    path: field(filePath(), "A module whose default export makes the policy."),
    options: field(z.record(z.string(), z.unknown()).prefault({}), "Handed to the module as it is."),
    key: field(
      template().prefault("${client.address}"),
      "What the policy is given as the request's key, if it wants one.",
    ),
  }),
] as const;

function boundedLoad() {
  return field(
    boundFactor(),
    "How far above the mean an endpoint's load may rise before its keys overflow to the next, as a factor such as 1.25; `off` for no bound.",
  );
}

function boundFactor() {
  return leaf<number | "off", number>({
    parse: (input) =>
      input === "off"
        ? { value: 0 }
        : typeof input === "number" && input > 1 && input <= 10
          ? { value: input }
          : { allowed: "a factor above 1, such as 1.25, or off" },
    json: { anyOf: [{ type: "number", exclusiveMinimum: 1, maximum: 10 }, { const: "off" }] },
    valueKind: "factor-or-off",
    unit: "factor, 0 when off",
  }).prefault("off");
}

/** Every policy that can be written by its name alone. */
export const policyNames = [
  "round-robin",
  "least-request",
  "random",
  "power-of-two",
  "least-time",
  "peak-ewma",
  "ip-hash",
  "hash",
  "first",
] as const;
export type PolicyName = (typeof policyNames)[number];

const policyObject = z.discriminatedUnion("name", options);

/** A policy made by a function: what it takes and gives is `balancing/policy.ts`'s PolicyParts and Policy. */
export interface CustomPolicyConfig {
  readonly name: "custom";
  readonly create: PolicyFactory;
}
export type PolicyFactory = (parts: never) => object;

const policyName = leaf<PolicyName, z.output<typeof policyObject>>({
  parse: (input) => {
    const allowed = policyNames.join(", ");
    if (typeof input !== "string") return { allowed, isWrongType: true };
    const known = policyNames.find((candidate) => candidate === input);
    return known === undefined
      ? { allowed, suggestion: nearestPolicy(input) }
      : { value: policyObject.parse({ name: known }) };
  },
  json: { enum: [...policyNames] },
});

const policyFunction = leaf<PolicyFactory, CustomPolicyConfig>({
  parse: (input) =>
    typeof input === "function"
      ? { value: { name: "custom", create: input as PolicyFactory } }
      : { allowed: "a function", isWrongType: true },
  json: { not: {} },
});

/** The words people bring from nginx, HAProxy, Envoy and Caddy. */
const foreignNames: Readonly<Record<string, PolicyName>> = {
  least_conn: "least-request",
  leastconn: "least-request",
  "least-connections": "least-request",
  roundrobin: "round-robin",
  rr: "round-robin",
  wrr: "round-robin",
  p2c: "power-of-two",
  ewma: "peak-ewma",
  source: "ip-hash",
  ring_hash: "hash",
  maglev: "hash",
  ketama: "hash",
  rendezvous: "hash",
};

function nearestPolicy(input: string): string | null {
  return foreignNames[input.toLowerCase()] ?? nearestWord(input, policyNames);
}

export const policySchema = z.union([policyName, policyObject, policyFunction]).meta({
  shorthand: "name",
  allowed: `one of ${policyNames.join(", ")}, or an object with such a name`,
  synonyms: foreignNames,
});
export type PolicyConfig = Frozen<z.output<typeof policySchema>>;
