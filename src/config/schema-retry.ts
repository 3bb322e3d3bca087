/** Retries: what may be tried again, how often, and at what cost. What each cause allows stands in `core/errors.ts`. */
import * as z from "zod";
import { grpcStatusNames } from "../core/grpc.ts";
import { field } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, durationOrOff, duration, flag, share, size } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";
import { statuses } from "./texts.ts";

const retriedGrpcStatuses = grpcStatusNames.filter((name) => name !== "OK");

const backoff = z.strictObject({
  base: field(
    duration(0).prefault("25ms"),
    "Mean wait before the second retry; the first follows at once, each further one waits twice as long.",
  ),
  max: field(
    duration(1).prefault("250ms"),
    "Longest wait. The wait is drawn at random between zero and its full length.",
  ),
});

const budget = z.strictObject({
  share: field(
    share().prefault("20%"),
    "Retries (and hedges) over ten seconds, as a share of the requests in that time.",
  ),
  floor: field(
    count(0, 10_000).prefault(3),
    "Retries in flight, and as many a second, that are always allowed, however little traffic there is.",
  ),
  mode: enforceOrObserve(),
});

export const retrySchema = z.strictObject({
  attempts: field(
    count(1, 10).prefault(3),
    "Most attempts for one request, the first one included. Each goes to another endpoint while there is one.",
    {
      hazard: "When everything fails, attempts multiply the load: keep the budget.",
    },
  ),
  on: field(
    z.array(choice(["connect", "reset", "timeout"])).prefault(["connect", "reset", "timeout"]),
    "Failures worth another attempt: no connection; closed before an answer; no answer in time.",
  ),
  statuses: field(
    statuses().prefault([]),
    "Statuses of an endpoint's answer that are worth another attempt, such as 503. Where no other attempt can follow, the answer is the client's.",
  ),
  grpcStatuses: field(
    z.array(choice(retriedGrpcStatuses)).prefault([]),
    "Statuses of gRPC calls that are worth another attempt, such as UNAVAILABLE, where the call failed before its first message.",
    {
      hazard:
        "gRPC calls are all POST: naming a status says that calls which end with it may be carried out twice.",
    },
  ),
  nonIdempotent: field(
    flag().prefault(false),
    "Whether POST, PATCH and other non-idempotent requests may be sent again after they were sent once.",
    {
      hazard:
        "The endpoint may have carried out the first one: orders are placed twice. A failed connect is retried in any case.",
    },
  ),
  bodyBytes: field(
    size(0).prefault("64KiB"),
    "Most bytes of a request body kept so that it can be sent again; a longer one makes the request final once it flows.",
  ),
  perAttempt: field(durationOrOff().prefault("off"), "Deadline of one attempt, up to the response head."),
  backoff: field(backoff.prefault({}), "Waiting between attempts."),
  respectRetryAfter: field(
    flag().prefault(true),
    "Whether an endpoint that answered with one of `statuses` and Retry-After is left alone for that long, five minutes at most, while others can serve.",
  ),
  budget: field(budget.prefault({}), "Bound on what retries add to the load; per pool, over all workers."),
});

/** Retries as a route overrides them: what is not said is the pool's. */
export const retryOverrideSchema = z.strictObject({
  attempts: field(count(1, 10).nullable().prefault(null), "As the pool's `retry.attempts`.", {
    defaultText: "the pool's",
  }),
  nonIdempotent: field(flag().nullable().prefault(null), "As the pool's `retry.nonIdempotent`.", {
    defaultText: "the pool's",
  }),
  statuses: field(statuses().nullable().prefault(null), "As the pool's `retry.statuses`.", {
    defaultText: "the pool's",
  }),
  grpcStatuses: field(
    z.array(choice(retriedGrpcStatuses)).nullable().prefault(null),
    "As the pool's `retry.grpcStatuses`.",
    { defaultText: "the pool's" },
  ),
  perAttempt: field(durationOrOff().nullable().prefault(null), "As the pool's `retry.perAttempt`.", {
    defaultText: "the pool's",
  }),
});

export const hedgeSchema = z.strictObject({
  percentile: field(
    count(50, 99).prefault(95),
    "A second attempt starts when the first has taken longer than this percentile of the pool's recent latency.",
  ),
  delayMin: field(duration(1).prefault("10ms"), "The second attempt never starts earlier than this."),
  mode: enforceOrObserve(),
});

export type RetryConfig = Frozen<z.output<typeof retrySchema>>;
export type RetryOverrideConfig = Frozen<z.output<typeof retryOverrideSchema>>;
export type HedgeConfig = Frozen<z.output<typeof hedgeSchema>>;
