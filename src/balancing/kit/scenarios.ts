/**
 * The situations a policy is judged in, as simulations. Sizes are fixed so that reports can be laid side
 * by side: 10 ms of service, eight servers per endpoint, half to three quarters of them busy.
 */
import type { EndpointModel } from "./simulated-endpoint.ts";
import {
  simulate,
  type CreatePolicy,
  type RequestRecord,
  type SimulationParts,
  type SimulationSettings,
} from "./simulation.ts";
import { latencyQuantile, longestWait, shareErrorOf, sharesOf } from "./statistics.ts";

const serviceMs = 10;
const servers = 8;
const thinkMs = 10;
const warmUpMs = 1_000;
const durationMs = 6_000;

/** The requests after a return over which the herd is counted. */
const herdRequests = 200;

function endpointsOf(
  count: number,
  change: (index: number) => Partial<EndpointModel> = () => ({}),
): EndpointModel[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `10.0.0.${index + 1}:8080`,
    weight: 1,
    serviceMs,
    servers,
    isFailing: false,
    ...change(index),
  }));
}

function settingsOf(
  endpoints: readonly EndpointModel[],
  change: Partial<SimulationSettings> = {},
): SimulationSettings {
  return {
    endpoints,
    clients: endpoints.length * servers,
    thinkMs,
    durationMs,
    warmUpMs,
    returning: null,
    ...change,
  };
}

export interface WeightFidelity {
  /** Worst deviation of a share from its weight's, as a part of it, with one request at a time. */
  readonly idleError: number;
  /** The same under load; servers are in proportion to weights. */
  readonly busyError: number;
}

export function judgeWeights(create: CreatePolicy, parts: SimulationParts): WeightFidelity {
  const weights = [4, 2, 1, 1];
  const endpoints = endpointsOf(4, (index) => ({
    weight: weights[index]!,
    servers: servers * weights[index]!,
  }));
  const error = (clients: number, lastMs: number): number => {
    const records = simulate(create, settingsOf(endpoints, { clients, durationMs: lastMs }), parts);
    return shareErrorOf(sharesOf(records, 4), weights);
  };
  return { idleError: error(1, 100_000), busyError: error(8 * servers, durationMs) };
}

export interface Starvation {
  /** Longest time an endpoint was passed by, in rounds of the pool: 1 is a full round robin. */
  readonly longestWaitRounds: number;
  /** Smallest share, as a part of the fair one. */
  readonly smallestShare: number;
}

export function judgeStarvation(create: CreatePolicy, parts: SimulationParts): Starvation {
  const size = 10;
  const records = simulate(create, settingsOf(endpointsOf(size)), parts);
  return {
    longestWaitRounds: (longestWait(records, size) + 1) / size,
    smallestShare: Math.min(...sharesOf(records, size)) * size,
  };
}

/**
 * How many times its fair share an endpoint gets at first when it returns cold: 1 is fair, below is
 * cautious, the size of the pool (10) means that everybody ran to it.
 */
export function judgeHerd(create: CreatePolicy, parts: SimulationParts): number {
  const size = 10;
  const returning = { index: 3, atMs: 2_000 };
  const records = simulate(create, settingsOf(endpointsOf(size), { returning, durationMs: 3_000 }), parts);
  const after = records.filter(({ sentMs }) => sentMs >= returning.atMs).slice(0, herdRequests);
  return sharesOf(after, size)[returning.index]! * size;
}

export interface SlowEndpoint {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Part of the requests that the slow endpoint got; 0.25 is an equal share. */
  readonly slowShare: number;
}

/** Four endpoints, the first ten times slower. */
export function judgeSlowEndpoint(create: CreatePolicy, parts: SimulationParts): SlowEndpoint {
  const endpoints = endpointsOf(4, (index) => (index === 0 ? { serviceMs: serviceMs * 10 } : {}));
  const records = simulate(create, settingsOf(endpoints), parts);
  return {
    p50Ms: latencyQuantile(records, 0.5),
    p99Ms: latencyQuantile(records, 0.99),
    slowShare: sharesOf(records, 4)[0]!,
  };
}

/** Part of the requests that fail when the first of four endpoints answers an error at once; 0.25 is an equal share. */
export function judgeFailingEndpoint(create: CreatePolicy, parts: SimulationParts): number {
  const endpoints = endpointsOf(4, (index) => (index === 0 ? { serviceMs: 0.5, isFailing: true } : {}));
  const records: readonly RequestRecord[] = simulate(create, settingsOf(endpoints), parts);
  return records.filter(({ isFailure }) => isFailure).length / Math.max(1, records.length);
}
