/** Explains what happens to this request when an attempt fails: the route's and the pool's retries, and the budget now. */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Clock } from "../core/clock.ts";
import type { LimitMode } from "../limits/verdict.ts";
import { isIdempotent } from "../proxy/retry-decision.ts";
import { neverIfOff } from "./endpoint-settings.ts";
import type { SharedPool } from "./shared-state.ts";

export interface RetryExplanation {
  /** The first one included. */
  readonly attemptsMax: number;
  /** May a request with this method be sent again once it was sent? */
  readonly isRepeatable: boolean;
  /** `connect`, `reset`, `timeout`, statuses as `503` or `500-599`, and gRPC's by name. */
  readonly conditions: readonly string[];
  /** Up to the response head; null for none. */
  readonly attemptTimeoutMs: number | null;
  readonly budget: {
    readonly mode: LimitMode;
    /** Of the requests of ten seconds, 0 to 1. */
    readonly share: number;
    readonly floor: number;
    /** Retries that the share alone would allow now; negative while in debt. */
    readonly balance: number;
    readonly inFlight: number;
  };
  readonly hedge: {
    readonly mode: LimitMode;
    readonly percentile: number;
    readonly delayMinMs: number;
  } | null;
}

export function explainRetries(
  { retry, hedge }: PoolConfig,
  route: RouteConfig,
  method: string,
  shared: SharedPool | undefined,
  clock: Clock,
): RetryExplanation {
  const own = route.retry;
  const statuses = own.statuses ?? retry.statuses;
  const perAttemptMs = neverIfOff(own.perAttempt ?? retry.perAttempt);
  return {
    attemptsMax: own.attempts ?? retry.attempts,
    isRepeatable: isIdempotent(method) || (own.nonIdempotent ?? retry.nonIdempotent),
    conditions: [
      ...retry.on,
      ...statuses.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)),
      ...(own.grpcStatuses ?? retry.grpcStatuses),
    ],
    attemptTimeoutMs: perAttemptMs === Number.POSITIVE_INFINITY ? null : perAttemptMs,
    budget: {
      mode: retry.budget.mode,
      share: retry.budget.share,
      floor: retry.budget.floor,
      balance: shared?.budget.balance(clock.nowMs()) ?? 0,
      inFlight: shared?.budget.inFlight ?? 0,
    },
    hedge:
      hedge === null ? null : { mode: hedge.mode, percentile: hedge.percentile, delayMinMs: hedge.delayMin },
  };
}
