/**
 * An endpoint that exists only in virtual time: so many servers, a queue before them, and the numbers
 * that policies see. How long a request takes is the simulation's to say.
 */
import type { Candidate } from "../policy.ts";

/** The average that production keeps for an endpoint; `upstream/latency-average.ts` satisfies it. */
export interface LatencyTracker {
  observe(latencyMs: number, isFailure: boolean, nowMs: number): void;
  peakMs(nowMs: number): number | null;
  meanMs(nowMs: number): number | null;
}

export interface EndpointModel {
  readonly name: string;
  readonly weight: number;
  /** Mean time of serving a request, without waiting. */
  readonly serviceMs: number;
  /** Requests served at the same time; the others wait in line. */
  readonly servers: number;
  /** Answers every request with an error after `serviceMs`, without using a server. */
  readonly isFailing: boolean;
}

/** Virtual time, as far as it has come. */
export interface VirtualNow {
  nowMs: number;
}

export class SimulatedEndpoint implements Candidate {
  readonly model: EndpointModel;
  readonly latency: LatencyTracker;
  readonly #time: VirtualNow;
  isEligible = true;
  activeRequests = 0;
  busyServers = 0;
  /** Clients waiting for a server, the first to be served first. */
  readonly waiting: number[] = [];

  constructor(model: EndpointModel, latency: LatencyTracker, time: VirtualNow) {
    this.model = model;
    this.latency = latency;
    this.#time = time;
  }

  get name(): string {
    return this.model.name;
  }
  get weight(): number {
    return this.model.weight;
  }
  get peakLatencyMs(): number | null {
    return this.latency.peakMs(this.#time.nowMs);
  }
  get meanLatencyMs(): number | null {
    return this.latency.meanMs(this.#time.nowMs);
  }
  get isFull(): boolean {
    return false;
  }
}
