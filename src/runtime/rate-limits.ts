/**
 * Rate limits: their shared tables, the gate that asks one for each request of a route, and what it said,
 * counted by route.
 */
import type { Config } from "../config/schema.ts";
import type { Random } from "../core/random.ts";
import { evaluatorOf, templateOf } from "../core/template.ts";
import { RateLimitHeaders, retryAfterSeconds } from "../limits/rate-limit-headers.ts";
import { RateLimiter, type RateLimiterShare, type RateLimitSettings } from "../limits/rate-limiter.ts";
import { type LimitMode, VerdictCounts } from "../limits/verdict.ts";
import type { Gate } from "../proxy/route-plan.ts";

export type RateLimitConfig = Config["rateLimits"][string];

/** What one limit said to the requests of one route. A limit whose mode changes counts anew. */
export interface RouteVerdicts {
  readonly route: string;
  readonly limit: string;
  readonly mode: LimitMode;
  readonly counts: VerdictCounts;
}

function verdictsKey(route: string, limit: string, mode: LimitMode): string {
  return `${mode} ${limit} ${route}`;
}

/** Of every route and each of its limits; what `before` has already is kept. */
export function routeVerdicts(
  { routes, rateLimits }: Config,
  before: ReadonlyMap<string, RouteVerdicts>,
  workerCount: number,
): Map<string, RouteVerdicts> {
  const result = new Map<string, RouteVerdicts>();
  for (const { name: route, rateLimits: limits } of routes) {
    for (const limit of limits) {
      const mode = rateLimits[limit]?.mode;
      if (mode === undefined) continue;
      const key = verdictsKey(route, limit, mode);
      result.set(key, before.get(key) ?? { route, limit, mode, counts: VerdictCounts.create(workerCount) });
    }
  }
  return result;
}

function rateLimitSettings(config: RateLimitConfig): RateLimitSettings {
  return {
    requests: config.rate.requests,
    periodMs: config.rate.periodMs,
    burst: config.burst,
    delayMaxMs: config.action === "delay" ? config.delayMax : 0,
    keysMax: config.keysMax,
    mode: config.mode,
  };
}

/** Made by the control plane; kept over reloads while the settings are the same. */
export function createRateLimit(
  config: RateLimitConfig,
  workerCount: number,
  random: Random,
  nowMs: number,
): RateLimiterShare {
  return RateLimiter.create(rateLimitSettings(config), workerCount, random, nowMs).share;
}

export interface RateLimitParts {
  readonly config: RateLimitConfig;
  readonly share: RateLimiterShare;
  /** Memory of `RouteVerdicts`, by their keys. */
  readonly verdicts: Readonly<Record<string, SharedArrayBuffer>>;
  readonly workerIndex: number;
}

export function rateLimitGate(route: string, name: string, parts: RateLimitParts): Gate {
  const { config, share, workerIndex } = parts;
  const counted = parts.verdicts[verdictsKey(route, name, config.mode)];
  const counts = counted === undefined ? null : VerdictCounts.attach(counted, workerIndex);
  const settings = rateLimitSettings(config);
  const limiter = RateLimiter.attach(share, workerIndex, settings);
  const keyOf = evaluatorOf(templateOf(config.key, { stage: "route" }));
  // Where nobody is refused, nobody is to be told of an allowance.
  const isTold = config.headers && config.mode === "enforce";
  const headers = isTold ? new RateLimitHeaders(name, settings) : null;
  return {
    check(scope, nowMs) {
      const verdict = limiter.check(keyOf(scope), nowMs);
      counts?.count(verdict);
      let fieldLines = headers === null ? "" : headers.linesFor(verdict);
      if (verdict.mustReject && headers === null)
        fieldLines = `Retry-After: ${retryAfterSeconds(verdict.retryAfterMs)}\r\n`;
      if (verdict.mustReject)
        return { kind: "refuse", cause: "rate-limited", fieldLines, status: config.status };
      scope.responseLines += fieldLines;
      return verdict.mustDelayMs > 0 ? { kind: "delay", delayMs: verdict.mustDelayMs } : null;
    },
  };
}
