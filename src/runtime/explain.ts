/**
 * Explains what would happen to a request: the route and the near misses, each pool it may reach, every
 * endpoint there with the reasons that exclude it, and the limits that will apply. It sends nothing and
 * moves nothing; without live state it explains the configuration alone.
 */
import type { Config } from "../config/schema.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Clock } from "../core/clock.ts";
import { errorRow } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { LimitMode } from "../limits/verdict.ts";
import { explainMatch, type RouteExplanation } from "../routing/explain.ts";
import { actionText, configRouteTable, poolsOf } from "./config-routes.ts";
import type { StickyExplanation } from "./explain-binding.ts";
import { explainGates, type GateExplanation } from "./explain-gates.ts";
import type { StandingReasons } from "./explain-member.ts";
import { explainPool, type PoolExplanation } from "./explain-pool.ts";
import { HypotheticalRequest, type RequestSketch } from "./hypothetical-request.ts";
import type { PolicyModule } from "./policy-modules.ts";
import { SharedState } from "./shared-state.ts";

export interface ExplainParts extends StandingReasons {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  /** The running balancer's; null to explain the configuration alone. */
  readonly shared: SharedState | null;
  /** Users' policies, by pool; without a pool's, its endpoints have no scores. */
  readonly policyModules: ReadonlyMap<string, PolicyModule>;
}

/** What will bound the exchange. Milliseconds and bytes; null for no limit. */
export interface ExchangeLimits {
  readonly exchangeMs: number | null;
  readonly requestBodyBytes: number | null;
  /** Paces of the bodies. */
  readonly requestBytesPerSecond: number | null;
  readonly responseBytesPerSecond: number | null;
  readonly bandwidthMode: LimitMode;
}

export interface Explanation {
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly query: string;
    readonly clientAddress: string;
    readonly isSecure: boolean;
    readonly listener: string;
  };
  readonly isLive: boolean;
  readonly route: RouteExplanation;
  /** What the route asks of a request before it goes anywhere, in order. */
  readonly gates: readonly GateExplanation[];
  /** In a sentence: where the request goes, or what answers it. */
  readonly outcome: string;
  readonly limits: ExchangeLimits | null;
  readonly pools: readonly PoolExplanation[];
}

/** Throws a SketchError when the request makes no sense. */
export function explainRequest(sketch: RequestSketch, parts: ExplainParts): Explanation {
  const { config } = parts;
  const request = new HypotheticalRequest(sketch, config.listeners[0]?.name ?? "");
  const route = explainMatch(configRouteTable(config), request);
  const matched = config.routes.find(({ name }) => name === route.route) ?? null;
  request.captures = route.captures;
  const shared = parts.shared ?? stateOf(parts);
  const pools =
    matched === null
      ? []
      : poolsOf(matched).map(({ pool, share }) =>
          explainPool({ ...parts, shared, request, route: matched, pool, share }),
        );
  const gates = matched === null ? [] : explainGates(matched, config, request);
  const { method, host, path, query, clientAddress, isSecure, listener } = request;
  return {
    request: { method, host, path, query, clientAddress, isSecure, listener },
    isLive: parts.shared !== null,
    route,
    gates,
    outcome: outcomeText(route, matched, gates, pools),
    limits: matched === null ? null : limitsOf(matched, config, listener),
    pools,
  };
}

/** The state of a program that has just started. */
function stateOf({ config, random, clock }: ExplainParts): SharedState {
  const shared = new SharedState(1, random, clock);
  shared.adopt(config);
  shared.publish();
  // In a running program slow start does this.
  for (const endpoint of shared.endpoints()) endpoint.state.setWeight(endpoint.config.weight);
  return shared;
}

function outcomeText(
  route: RouteExplanation,
  matched: RouteConfig | null,
  gates: readonly GateExplanation[],
  pools: readonly PoolExplanation[],
): string {
  if (matched === null) {
    const cause = route.outcome === "unclear-path" ? "unclear-path" : "no-route";
    const { status, sentence } = errorRow(cause);
    return `answered ${status} ${cause}: ${sentence}`;
  }
  const start = `route ${matched.name}, ${actionText(matched)}`;
  const closed = gates.find(({ refuses }) => refuses !== null);
  if (closed !== undefined && closed.refuses !== null) {
    const { status, sentence } = errorRow(closed.refuses);
    return `route ${matched.name}, answered ${status} ${closed.refuses}: ${sentence}`;
  }
  const rejecting = pools.find(({ sticky }) => sticky !== null && isRefused(sticky));
  if (rejecting !== undefined) {
    const { status, sentence } = errorRow("sticky-unavailable");
    return `${start}; answered ${status} sticky-unavailable: ${sentence}`;
  }
  const refusing = pools.find(({ refusal, sticky }) => refusal !== null && sticky?.isUsable !== true);
  if (refusing === undefined || refusing.refusal === null) return start;
  const inPool = pools.length === 1 ? "" : ` in ${refusing.pool}`;
  if (refusing.refusal === "pool-full" && refusing.capacity.queue?.mode === "enforce")
    return `${start}; waits in the queue${inPool}: every eligible endpoint is at its limit`;
  const { status, sentence } = errorRow(refusing.refusal);
  return `${start}; answered ${status} ${refusing.refusal}${inPool}: ${sentence}`;
}

/** Bound to somebody who cannot serve, by a pool that binds to no other. */
function isRefused({ fallback, isUsable, says }: StickyExplanation): boolean {
  return fallback === "reject" && !isUsable && says.startsWith("bound");
}

function limitsOf(route: RouteConfig, config: Config, listenerName: string): ExchangeLimits {
  const listener = config.listeners.find(({ name }) => name === listenerName);
  const exchangeMs = route.timeouts.exchange ?? listener?.timeouts.exchange ?? 0;
  const bodyBytes = route.limits.bodyBytes ?? listener?.limits.bodyBytes ?? Number.POSITIVE_INFINITY;
  const { requestBytesPerSecond, responseBytesPerSecond, bandwidthMode } = route.limits;
  const orNull = (limit: number): number | null => (limit === Number.POSITIVE_INFINITY ? null : limit);
  return {
    exchangeMs: exchangeMs === 0 ? null : exchangeMs,
    requestBodyBytes: orNull(bodyBytes),
    requestBytesPerSecond: orNull(requestBytesPerSecond),
    responseBytesPerSecond: orNull(responseBytesPerSecond),
    bandwidthMode,
  };
}
