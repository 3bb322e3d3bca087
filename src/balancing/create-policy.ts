/** Makes a policy from its name and options. What each does stands in its own file. */
import { unreachable } from "../core/assert.ts";
import { ClientAddressHash } from "./client-address-hash.ts";
import { CrcModulo } from "./crc-modulo.ts";
import { First } from "./first.ts";
import { HashPolicy } from "./hash-policy.ts";
import { KetamaRing } from "./ketama-ring.ts";
import type { KeyPlacement } from "./key-placement.ts";
import { leastRequest } from "./least-request.ts";
import { leastTime } from "./least-time.ts";
import { LoadBound } from "./load-bound.ts";
import { MaglevTable } from "./maglev-table.ts";
import { peakEwma, type PeakEwmaOptions } from "./peak-ewma.ts";
import type { Policy, PolicyParts } from "./policy.ts";
import { powerOfTwo } from "./power-of-two.ts";
import { RandomChoice } from "./random.ts";
import { RendezvousRank } from "./rendezvous-rank.ts";
import { RoundRobin } from "./round-robin.ts";

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

export const hashAlgorithms = ["ketama", "maglev", "rendezvous", "modulo"] as const;
export type HashAlgorithm = (typeof hashAlgorithms)[number];

interface Bounded {
  /** How far above the mean the requests in flight may rise, as a factor above 1; 0 or absent for no bound. */
  readonly boundedLoad?: number;
}

export type PolicySpec =
  | { readonly name: "round-robin" | "random" | "power-of-two" | "least-time" | "first" }
  /** `choices`: how many are drawn and compared; 0 or absent compares all. */
  | { readonly name: "least-request"; readonly choices?: number }
  | ({ readonly name: "peak-ewma" } & PeakEwmaOptions)
  | ({ readonly name: "ip-hash" } & Bounded)
  /** `algorithm`: `ketama` when absent. */
  | ({ readonly name: "hash"; readonly algorithm?: HashAlgorithm } & Bounded);

export function createPolicy(spec: PolicySpec, parts: PolicyParts): Policy {
  switch (spec.name) {
    case "round-robin":
      return new RoundRobin(parts);
    case "least-request":
      return leastRequest(spec.choices ?? 0, parts);
    case "random":
      return new RandomChoice(parts);
    case "power-of-two":
      return powerOfTwo(parts);
    case "least-time":
      return leastTime();
    case "peak-ewma":
      return peakEwma(spec, parts);
    case "ip-hash":
      return hashBy(new ClientAddressHash(), spec, parts);
    case "hash":
      return hashBy(createPlacement(spec.algorithm ?? "ketama"), spec, parts);
    case "first":
      return new First();
    default:
      return unreachable(spec);
  }
}

function hashBy(placement: KeyPlacement, { boundedLoad = 0 }: Bounded, parts: PolicyParts): Policy {
  const bound = boundedLoad > 0 ? new LoadBound(boundedLoad) : null;
  return new HashPolicy(placement, bound, new RoundRobin(parts));
}

function createPlacement(algorithm: HashAlgorithm): KeyPlacement {
  switch (algorithm) {
    case "ketama":
      return new KetamaRing();
    case "maglev":
      return new MaglevTable();
    case "rendezvous":
      return new RendezvousRank();
    case "modulo":
      return new CrcModulo();
    default:
      return unreachable(algorithm);
  }
}
