/** Explains one pool for one request: who may receive it, who may not and why, who would be next. */
import type { Config } from "../config/schema.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Clock } from "../core/clock.ts";
import { seededRandom } from "../core/random.ts";
import { evaluate, templateOf } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { Eligibility, type EligibilityMember } from "../upstream/eligibility.ts";
import type { EndpointFacts } from "../upstream/endpoint.ts";
import type { EndpointState } from "../upstream/endpoint-state.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { endpointFacts, poolSettings } from "./endpoint-settings.ts";
import { keyTemplateOf, policyFrom } from "./policy-factory.ts";
import type { SharedEndpoint, SharedState } from "./shared-state.ts";

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
}

export interface PoolExplanation {
  readonly pool: string;
  /** Of the route's requests, 0 to 1. */
  readonly share: number;
  readonly policy: string;
  /** What a hash policy hashes; null for other policies. */
  readonly key: string | null;
  /** The endpoint this very request would go to; null where chance or order decide. */
  readonly choice: string | null;
  readonly endpoints: readonly EndpointExplanation[];
  readonly isPanicking: boolean;
  /** Milliseconds. */
  readonly timeouts: {
    readonly connect: number;
    readonly responseHead: number;
    readonly upstreamIdle: number;
  };
  readonly attemptsMax: number;
  readonly isSticky: boolean;
}

export interface ExplainPoolParts {
  readonly config: Config;
  readonly shared: SharedState;
  readonly clock: Clock;
  readonly request: TemplateScope;
  readonly route: RouteConfig;
  readonly pool: string;
  readonly share: number;
  probeReason(key: string): string | null;
}

/** An endpoint as policies see it, read from the shared state; it has no connections. */
class Member implements EligibilityMember {
  readonly shared: SharedEndpoint;
  readonly facts: EndpointFacts;
  readonly #clock: Clock;

  constructor(shared: SharedEndpoint, pool: PoolConfig, clock: Clock) {
    this.shared = shared;
    this.facts = endpointFacts(shared.key, shared.config, pool);
    this.#clock = clock;
  }

  get state(): EndpointState {
    return this.shared.state;
  }
  get name(): string {
    return this.facts.name;
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
  get isFull(): boolean {
    return this.state.isFull;
  }
}

export function explainPool(parts: ExplainPoolParts): PoolExplanation {
  const { config, shared, clock, request, route, share } = parts;
  const pool = config.pools[parts.pool] as PoolConfig;
  const members = (shared.pools.get(parts.pool)?.endpoints ?? []).map(
    (endpoint) => new Member(endpoint, pool, clock),
  );
  const eligibility = new Eligibility(
    members,
    poolSettings(parts.pool, pool, config.zone).eligibility,
    new PoolVersion(),
  );
  eligibility.refresh();
  const source = keyTemplateOf(pool.policy);
  const key = source === null ? null : evaluate(templateOf(source, { stage: "route" }), request);
  const serving = new Set(eligibility.groups.flatMap(({ eligible }) => eligible));
  const { retry, timeouts } = route;
  return {
    pool: parts.pool,
    share,
    policy: pool.policy.name,
    key,
    choice: choiceOf(eligibility, pool, key),
    endpoints: members.map((member) => explainMember(member, serving.has(member), parts)),
    isPanicking: eligibility.groups.some(({ isPanicking }) => isPanicking),
    timeouts: {
      connect: pool.timeouts.connect,
      responseHead: timeouts.responseHead ?? pool.timeouts.responseHead,
      upstreamIdle: timeouts.upstreamIdle ?? pool.timeouts.upstreamIdle,
    },
    attemptsMax: retry.attempts ?? pool.retry.attempts,
    isSticky: pool.sticky !== null,
  };
}

/** Known only where one endpoint can answer, or where the key alone decides and one group has all traffic. */
function choiceOf(eligibility: Eligibility<Member>, pool: PoolConfig, key: string | null): string | null {
  const serving = eligibility.groups.filter((group) => group.share > 0);
  const [group] = serving;
  if (group === undefined || serving.length > 1) return null;
  const usable = group.eligible.filter((member) => !member.isFull);
  if (usable.length === 1) return usable[0]?.name ?? null;
  if (key === null || pool.policy.name === "custom" || pool.policy.name === "module") return null;
  const policy = policyFrom(pool.policy, { random: seededRandom(1), cursor: new PoolVersion() });
  if (!policy.needsKey) return null;
  policy.build?.(group.members);
  return policy.pick(group.eligible, key, [])?.name ?? null;
}

function explainMember(member: Member, isServing: boolean, parts: ExplainPoolParts): EndpointExplanation {
  const { name, facts, tier, zone, weight, activeRequests, meanLatencyMs, peakLatencyMs } = member;
  return {
    name,
    url: facts.url,
    isEligible: isServing && !member.isFull,
    reasons: reasonsOf(member, isServing, parts.probeReason(member.shared.key)),
    tier,
    zone,
    weight,
    activeRequests,
    meanLatencyMs,
    peakLatencyMs,
  };
}

function reasonsOf({ state }: Member, isServing: boolean, probeReason: string | null): string[] {
  const reasons: string[] = [];
  if (state.hasStatus("maintenance")) reasons.push("in maintenance");
  if (state.hasStatus("draining")) reasons.push("draining: only bound (sticky) requests");
  if (state.hasStatus("down")) reasons.push(`down: ${probeReason ?? "probes fail"}`);
  if (state.hasStatus("ejected")) reasons.push("ejected by outlier detection");
  if (state.hasStatus("probation")) reasons.push("on probation: one request at a time");
  if (state.weight === 0) reasons.push("weight 0");
  if (state.isFull) reasons.push("at its limit of requests or connections");
  if (isServing && !state.isEligible) reasons.push("serves all the same: the pool is in panic");
  return reasons;
}
