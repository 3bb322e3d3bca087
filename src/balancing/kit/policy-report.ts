/** Judges one policy in every situation of the kit and says what was found, as numbers. */
import { judgeDisruption, type Disruptions } from "./disruption.ts";
import { measurePickNs, type NowNs } from "./pick-cost.ts";
import {
  judgeFailingEndpoint,
  judgeHerd,
  judgeSlowEndpoint,
  judgeStarvation,
  judgeWeights,
  type SlowEndpoint,
  type Starvation,
  type WeightFidelity,
} from "./scenarios.ts";
import type { CreatePolicy, SimulationParts } from "./simulation.ts";
import { stillCandidates } from "./still-candidate.ts";

export interface PolicySubject {
  readonly title: string;
  readonly create: CreatePolicy;
}

export interface KitParts extends SimulationParts {
  /** Null leaves the cost of picks out, so that the report is the same on every machine. */
  readonly nowNs: NowNs | null;
}

export interface PickCost {
  readonly ten: number;
  readonly thousand: number;
}

export interface PolicyReport {
  readonly title: string;
  readonly weights: WeightFidelity;
  readonly starvation: Starvation;
  readonly herdIndex: number;
  readonly slowEndpoint: SlowEndpoint;
  /** Part of the requests sent to an endpoint that fails them all; 0.25 is an equal share. */
  readonly failingShare: number;
  /** Null for policies without a key. */
  readonly disruption: Disruptions | null;
  /** Nanoseconds per pick among ten and a thousand candidates; null without a timer. */
  readonly pickNs: PickCost | null;
}

/** Takes about half a second. The same seed gives the same report, but for the cost of picks. */
export function judgePolicy({ title, create }: PolicySubject, parts: KitParts): PolicyReport {
  const { nowNs } = parts;
  return {
    title,
    weights: judgeWeights(create, parts),
    starvation: judgeStarvation(create, parts),
    herdIndex: judgeHerd(create, parts),
    slowEndpoint: judgeSlowEndpoint(create, parts),
    failingShare: judgeFailingEndpoint(create, parts),
    disruption: judgeDisruption(create),
    pickNs:
      nowNs === null
        ? null
        : {
            ten: measurePickNs(create, stillCandidates(10), nowNs),
            thousand: measurePickNs(create, stillCandidates(1000), nowNs),
          },
  };
}
