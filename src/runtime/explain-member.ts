/** One endpoint in an explanation: its numbers as policies see them, and everything that speaks against it. */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { Clock } from "../core/clock.ts";
import type { EligibilityMember, EligibleGroup } from "../upstream/eligibility.ts";
import type { EndpointFacts } from "../upstream/endpoint.ts";
import type { EndpointState } from "../upstream/endpoint-state.ts";
import { IdleTime } from "../upstream/idle-time.ts";
import { MaxFails } from "../health/max-fails.ts";
import { endpointFacts } from "./endpoint-settings.ts";
import type { SharedEndpoint } from "./shared-state.ts";

export interface EndpointExplanation {
  readonly name: string;
  readonly url: string;
  readonly isEligible: boolean;
  /** Why it may not receive the request, or what speaks against it; empty for an ordinary endpoint. */
  readonly reasons: readonly string[];
  readonly tier: number;
  readonly zone: string | null;
  /** After slow start. */
  readonly weight: number;
  readonly activeRequests: number;
  /** Moving averages in ms; null before the first request. */
  readonly meanLatencyMs: number | null;
  readonly peakLatencyMs: number | null;
  /** What the policy goes by, the lowest first; null where no number decides. */
  readonly score: number | null;
  /** How long it keeps idle connections, in ms, as it says or as was seen; null when nothing is known. */
  readonly idleTimeMs: number | null;
}

/** Who knows what only the running balancer can. */
export interface StandingReasons {
  /** Why probes hold an endpoint down; null when they do not. */
  probeReason(key: string): string | null;
  /** Why outlier detection holds it out; null when it does not. */
  ejectionReason(key: string): string | null;
}

/** An endpoint as policies see it, read from the shared state; it has no connections. */
export class ExplainedMember implements EligibilityMember {
  readonly shared: SharedEndpoint;
  readonly facts: EndpointFacts;
  readonly #clock: Clock;
  readonly #maxFails: MaxFails | null;

  constructor(shared: SharedEndpoint, pool: PoolConfig, clock: Clock) {
    this.shared = shared;
    this.facts = endpointFacts(shared.key, shared.config, pool);
    this.#clock = clock;
    const { maxFails } = pool;
    this.#maxFails =
      maxFails === null || maxFails.mode === "observe" || pool.endpoints.length === 1
        ? null
        : new MaxFails(shared.state.maxFailsWords, {
            maxFails: maxFails.fails,
            failTimeoutSeconds: Math.ceil(maxFails.timeout / 1000),
          });
  }

  get state(): EndpointState {
    return this.shared.state;
  }
  get name(): string {
    return this.facts.name;
  }
  get labels(): Readonly<Record<string, string>> {
    return this.facts.labels;
  }
  get tier(): number {
    return this.facts.tier;
  }
  get zone(): string | null {
    return this.facts.zone;
  }
  get weight(): number {
    return this.state.weight;
  }
  get nominalWeight(): number {
    return this.facts.weight;
  }
  get activeRequests(): number {
    return this.state.activeRequests;
  }
  get peakLatencyMs(): number | null {
    return this.state.peakLatencyMs(this.#clock.nowMs());
  }
  get meanLatencyMs(): number | null {
    return this.state.meanLatencyMs(this.#clock.nowMs());
  }
  get isEligible(): boolean {
    return this.state.isEligible;
  }
  get isInService(): boolean {
    return this.state.isInService;
  }
  get isPenalized(): boolean {
    return this.#maxFails?.isPenalized(Math.floor(this.#clock.nowMs() / 1000)) === true;
  }
  /** What is left of the time that it asked to be left alone for. */
  get restMs(): number {
    return Math.max(0, this.state.restUntilMs - this.#clock.nowMs());
  }
  get isFull(): boolean {
    return this.state.isFull || this.isPenalized || this.restMs > 0;
  }
}

/** Where it stands in this explanation. */
export interface MemberPlace {
  /** The group it is in; null when the route's labels leave it out. */
  readonly group: EligibleGroup<ExplainedMember> | null;
  readonly score: number | null;
  /** The labels the route asks for, as they come out for the request. */
  readonly labels: Readonly<Record<string, string>>;
}

export function explainMember(
  member: ExplainedMember,
  place: MemberPlace,
  standing: StandingReasons,
): EndpointExplanation {
  const { name, facts, tier, zone, weight, activeRequests, meanLatencyMs, peakLatencyMs } = member;
  const isServing = place.group?.eligible.includes(member) === true;
  const idleTime = new IdleTime(member.state.idleTimeWords);
  return {
    name,
    url: facts.url,
    isEligible: isServing && !member.isFull,
    reasons: [
      ...labelReasons(member, place),
      ...ownReasons(member, standing),
      ...groupReasons(member, place, isServing),
    ],
    tier,
    zone,
    weight,
    activeRequests,
    meanLatencyMs,
    peakLatencyMs,
    score: isServing ? place.score : null,
    idleTimeMs: idleTime.seenMs ?? idleTime.announcedMs,
  };
}

function labelReasons(member: ExplainedMember, { group, labels }: MemberPlace): string[] {
  if (group !== null) return [];
  return Object.entries(labels)
    .filter(([label, wanted]) => member.labels[label] !== wanted)
    .map(
      ([label, wanted]) =>
        `the route wants label ${label} ${wanted}, and it has ${member.labels[label] ?? "none"}`,
    );
}

function ownReasons(
  { state, shared, isPenalized, restMs, nominalWeight }: ExplainedMember,
  standing: StandingReasons,
): string[] {
  const reasons: string[] = [];
  if (state.hasStatus("maintenance")) reasons.push("in maintenance");
  if (state.hasStatus("draining")) reasons.push("draining: only bound (sticky) requests");
  if (state.hasStatus("down")) reasons.push(`down: ${standing.probeReason(shared.key) ?? "probes fail"}`);
  if (state.hasStatus("ejected")) {
    const reason = standing.ejectionReason(shared.key);
    reasons.push(`ejected by outlier detection${reason === null ? "" : `: ${reason}`}`);
  }
  if (isPenalized) reasons.push("left alone after failures (max fails)");
  if (restMs > 0)
    reasons.push(
      `left alone for ${Math.ceil(restMs / 1000)} s more, as its Retry-After asked, while others can serve`,
    );
  if (state.hasStatus("probation")) reasons.push("on probation: one request at a time");
  if (state.weight === 0) reasons.push("weight 0");
  else if (state.weight < nominalWeight)
    reasons.push(`in slow start: ${Math.round((100 * state.weight) / nominalWeight)} % of its weight`);
  if (state.isFull) reasons.push(fullReason(state));
  return reasons;
}

function fullReason(state: EndpointState): string {
  const { requestsMax, activeRequests, connectionsMax, connections } = state;
  if (requestsMax > 0 && activeRequests >= requestsMax)
    return `full: ${activeRequests} of ${requestsMax} requests in flight`;
  return `full: ${connections} of ${connectionsMax} connections`;
}

function groupReasons(member: ExplainedMember, { group }: MemberPlace, isServing: boolean): string[] {
  if (group === null || !isServing) return [];
  const reasons: string[] = [];
  if (!member.state.isEligible) reasons.push("serves all the same: the pool is in panic");
  if (group.share === 0) {
    reasons.push(
      group.place === "other-zones"
        ? "another zone: serves only what our own cannot"
        : `tier ${group.tier} is not in use: an earlier one takes all`,
    );
  } else if (group.share < 1) {
    const places = {
      "any-zone": "tier",
      "same-zone": "our own zone in tier",
      "other-zones": "other zones in tier",
    };
    reasons.push(`${places[group.place]} ${group.tier}: ${Math.round(100 * group.share)} % of the traffic`);
  }
  return reasons;
}
