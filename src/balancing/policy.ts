/**
 * The policy interface: who gets the next request. A policy sees only Candidates; it never reads a
 * clock, never sees a socket, never throws. Eligibility was decided before it is asked.
 */
import type { Random } from "../core/random.ts";

/** What a policy may know about an endpoint. `upstream/endpoint.ts` satisfies it with live numbers. */
export interface Candidate {
  /** The name the user wrote: `host:port`, `unix:/path`. Stable; hash policies place points by it. */
  readonly name: string;
  /** Share relative to its peers, after slow start; 0 means none. */
  readonly weight: number;
  /** The weight before slow start, by which hash policies place keys; absent means the same as `weight`. */
  readonly nominalWeight?: number;
  /** Requests in flight now, over all workers. */
  readonly activeRequests: number;
  /** Peak-sensitive moving average of latency in ms, decayed to now; null before the first sample. */
  readonly peakLatencyMs: number | null;
  /** Plain moving average of latency in ms (0.95 old + 0.05 new); null before the first sample. */
  readonly meanLatencyMs: number | null;
  /** May receive ordinary traffic now (healthy, not draining, not ejected). */
  readonly isEligible: boolean;
  /** At its own limit of requests or connections: skip it this time. */
  readonly isFull: boolean;
}

/** A number that every worker sees: next() returns 0, 1, 2 … each exactly once over all of them. */
export interface Cursor {
  next(): number;
}

/** What a policy is built with. */
export interface PolicyParts {
  readonly random: Random;
  readonly cursor: Cursor;
}

/**
 * One policy instance serves one tier (priority) of one pool in one worker. Policies remember what they
 * derived from the last `eligible` array by its identity, so calls that alternate between arrays (zones,
 * subsets) want an instance for each.
 */
export interface Policy {
  /** True when `pick` wants the request's key (client address, header, cookie …). */
  readonly needsKey: boolean;
  /** Called when membership or configured weights change, with every endpoint of the tier. May allocate. */
  build?(candidates: readonly Candidate[]): void;
  /**
   * Chooses among `eligible`; allocates nothing. The array's identity changes when its content does.
   * Never returns a candidate that is in `tried` or full; null when none is left.
   */
  pick<C extends Candidate>(eligible: readonly C[], key: string, tried: readonly Candidate[]): C | null;
  /**
   * What the next request would cost there, for explanations: the lowest is served first. To be asked after
   * a pick among the same candidates; absent where no number decides.
   */
  score?(candidate: Candidate): number;
}

/** May this candidate take the request, as far as this request goes? */
export function isUsable(candidate: Candidate, tried: readonly Candidate[]): boolean {
  return candidate.weight > 0 && isFree(candidate, tried);
}

/** The same for those who know already that it has a weight: each number comes from shared memory. */
export function isFree(candidate: Candidate, tried: readonly Candidate[]): boolean {
  return !candidate.isFull && !(tried.length > 0 && tried.includes(candidate));
}
