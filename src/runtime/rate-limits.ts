/** Rate limits: their shared tables, and the gate that asks one for each request of a route. */
import type { Config } from "../config/schema.ts";
import type { Random } from "../core/random.ts";
import { evaluate, templateOf } from "../core/template.ts";
import { RateLimitHeaders } from "../limits/rate-limit-headers.ts";
import { RateLimiter, type RateLimiterShare, type RateLimitSettings } from "../limits/rate-limiter.ts";
import type { Gate } from "../proxy/route-plan.ts";

export type RateLimitConfig = Config["rateLimits"][string];

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

export function rateLimitGate(
  name: string,
  config: RateLimitConfig,
  share: RateLimiterShare,
  workerIndex: number,
): Gate {
  const settings = rateLimitSettings(config);
  const limiter = RateLimiter.attach(share, workerIndex, settings);
  const key = templateOf(config.key, { stage: "route" });
  // Where nobody is refused, nobody is to be told of an allowance.
  const isTold = config.headers && config.mode === "enforce";
  const headers = isTold ? new RateLimitHeaders(name, settings) : null;
  return {
    check(scope, nowMs) {
      const verdict = limiter.check(evaluate(key, scope), nowMs);
      const fieldLines = headers === null ? "" : headers.linesFor(verdict);
      if (verdict.mustReject)
        return { kind: "refuse", cause: "rate-limited", fieldLines, status: config.status };
      scope.responseLines += fieldLines;
      return verdict.mustDelayMs > 0 ? { kind: "delay", delayMs: verdict.mustDelayMs } : null;
    },
  };
}
