/** Explains one pool for one request: who may receive it, who may not and why, who would be next. */
import type { Policy } from "../balancing/policy.ts";
import type { Config } from "../config/schema.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Clock } from "../core/clock.ts";
import type { Cause } from "../core/errors.ts";
import { seededRandom } from "../core/random.ts";
import { evaluate, templateOf } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { Eligibility } from "../upstream/eligibility.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { membersWith } from "../upstream/subsets.ts";
import { poolSettings } from "./endpoint-settings.ts";
import { explainBinding, type StickyExplanation } from "./explain-binding.ts";
import { explainCapacity, type CapacityExplanation } from "./explain-capacity.ts";
import {
  type EndpointExplanation,
  ExplainedMember,
  explainMember,
  type StandingReasons,
} from "./explain-member.ts";
import { explainRetries, type RetryExplanation } from "./explain-retries.ts";
import { keyTemplateOf, policyFrom } from "./policy-factory.ts";
import type { PolicyModule } from "./policy-modules.ts";
import type { SharedState } from "./shared-state.ts";

export interface PoolExplanation {
  readonly pool: string;
  /** Of the route's requests, 0 to 1. */
  readonly share: number;
  readonly policy: string;
  /** What a hash policy hashes; null for other policies. */
  readonly key: string | null;
  /** The labels that endpoints must have; empty when the route asks for none. */
  readonly labels: Readonly<Record<string, string>>;
  /** The endpoint this very request would go to; null where chance or order decide. */
  readonly choice: string | null;
  readonly endpoints: readonly EndpointExplanation[];
  /** Why nobody can take a request that is bound to nobody; null when somebody can. */
  readonly refusal: Extract<Cause, "no-endpoint" | "pool-full" | "max-fails"> | null;
  readonly isPanicking: boolean;
  /** Null for a pool that binds nobody. */
  readonly sticky: StickyExplanation | null;
  readonly capacity: CapacityExplanation;
  readonly retries: RetryExplanation;
  /** Milliseconds. */
  readonly timeouts: {
    readonly connect: number;
    readonly responseHead: number;
    readonly upstreamIdle: number;
  };
}

export interface ExplainPoolParts extends StandingReasons {
  /** Users' policies, by pool. */
  readonly policyModules: ReadonlyMap<string, PolicyModule>;
  readonly config: Config;
  readonly shared: SharedState;
  readonly clock: Clock;
  readonly request: TemplateScope;
  readonly route: RouteConfig;
  readonly pool: string;
  readonly share: number;
}

export function explainPool(parts: ExplainPoolParts): PoolExplanation {
  const { config, shared, clock, request, route } = parts;
  const pool = config.pools[parts.pool] as PoolConfig;
  const sharedPool = shared.pools.get(parts.pool);
  const members = (sharedPool?.endpoints ?? []).map((endpoint) => new ExplainedMember(endpoint, pool, clock));
  const labels = labelsOf(route, request);
  const settings = poolSettings(parts.pool, pool, config.zone);
  const eligibility = new Eligibility(membersWith(members, labels), settings.eligibility, new PoolVersion());
  eligibility.refresh();
  const source = keyTemplateOf(pool.policy);
  const key = source === null ? null : evaluate(templateOf(source, { stage: "route" }), request);
  const policyModule = parts.policyModules.get(parts.pool) ?? null;
  const scores = scoresOf(eligibility, () => policyOf(pool, policyModule));
  const sticky = explainBinding(parts, pool, members);
  const { timeouts } = route;
  return {
    pool: parts.pool,
    share: parts.share,
    policy: pool.policy.name,
    key,
    labels,
    choice: sticky?.isUsable === true ? sticky.boundTo : choiceOf(eligibility, pool, key),
    endpoints: members.map((member) => {
      const group = eligibility.groups.find((each) => each.members.includes(member)) ?? null;
      return explainMember(member, { group, score: scores.get(member) ?? null, labels }, parts);
    }),
    refusal: refusalOf(eligibility),
    isPanicking: eligibility.groups.some(({ isPanicking }) => isPanicking),
    sticky,
    capacity: explainCapacity(pool, sharedPool),
    retries: explainRetries(pool, route, request.method, sharedPool, clock),
    timeouts: {
      connect: pool.timeouts.connect,
      responseHead: timeouts.responseHead ?? pool.timeouts.responseHead,
      upstreamIdle: timeouts.upstreamIdle ?? pool.timeouts.upstreamIdle,
    },
  };
}

function labelsOf({ labels }: RouteConfig, request: TemplateScope): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [
      label,
      evaluate(templateOf(value, { stage: "route" }), request),
    ]),
  );
}

/** As `Pool` says it, which asks those who wanted a rest before it refuses. */
function refusalOf({ groups }: Eligibility<ExplainedMember>): PoolExplanation["refusal"] {
  const serving = groups.flatMap(({ eligible }) => eligible);
  if (serving.length === 0) return "no-endpoint";
  if (serving.some(({ state, isPenalized }) => !state.isFull && !isPenalized)) return null;
  return serving.some(({ state }) => state.isFull) ? "pool-full" : "max-fails";
}

/** A policy for looking only; null where the user's own is not at hand. */
function policyOf(pool: PoolConfig, policyModule: PolicyModule | null): Policy | null {
  if (pool.policy.name === "module" && policyModule === null) return null;
  return policyFrom(pool.policy, { random: seededRandom(1), cursor: new PoolVersion() }, policyModule);
}

function isOwn({ policy }: PoolConfig): boolean {
  return policy.name === "custom" || policy.name === "module";
}

function scoresOf(
  eligibility: Eligibility<ExplainedMember>,
  createPolicy: () => Policy | null,
): ReadonlyMap<ExplainedMember, number> {
  const scores = new Map<ExplainedMember, number>();
  for (const { members, eligible } of eligibility.groups) {
    const policy = createPolicy();
    if (policy?.score === undefined || eligible.length === 0) continue;
    policy.build?.(members);
    policy.pick(eligible, "", []);
    for (const member of eligible) scores.set(member, policy.score(member));
  }
  return scores;
}

/** Known only where one endpoint can answer, or where the key alone decides and one group has all traffic. */
function choiceOf(
  eligibility: Eligibility<ExplainedMember>,
  pool: PoolConfig,
  key: string | null,
): string | null {
  const serving = eligibility.groups.filter((group) => group.share > 0);
  const [group] = serving;
  if (group === undefined || serving.length > 1) return null;
  const usable = group.eligible.filter((member) => !member.isFull);
  if (usable.length === 1) return usable[0]?.name ?? null;
  const policy = key === null || isOwn(pool) ? null : policyOf(pool, null);
  if (policy?.needsKey !== true) return null;
  policy.build?.(group.members);
  return policy.pick(group.eligible, key ?? "", [])?.name ?? null;
}
