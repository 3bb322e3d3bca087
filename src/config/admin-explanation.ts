/** What the admin API answers to `explain`: the same as `explainRequest` gives, as a schema. */
import * as z from "zod";
import { type Cause, errorTable } from "../core/errors.ts";

const count = z.number().int().min(0);
const ms = z.number().min(0);
const mode = z.enum(["enforce", "observe"]);

const endpoint = z.object({
  name: z.string(),
  url: z.string(),
  isEligible: z.boolean(),
  reasons: z.array(z.string()),
  tier: count,
  zone: z.string().nullable(),
  weight: z.number(),
  activeRequests: count,
  meanLatencyMs: ms.nullable(),
  peakLatencyMs: ms.nullable(),
  score: z
    .number()
    .nullable()
    .meta({ description: "What the policy goes by, the lowest first; null where no number decides." }),
  idleTimeMs: ms
    .nullable()
    .meta({ description: "How long it keeps idle connections, as far as that is known." }),
});

const sticky = z.object({
  kind: z.enum(["cookie", "route", "learn"]),
  fallback: z.enum(["rebind", "reject"]),
  boundTo: z.string().nullable(),
  isUsable: z.boolean(),
  says: z.string(),
});

const capacity = z.object({
  queue: z.object({ mode, size: count, timeoutMs: ms, waiting: count }).nullable(),
  concurrency: z.object({ mode, limit: count, inFlight: count, isMeasuring: z.boolean() }).nullable(),
  shed: z.object({ mode, low: z.number(), normal: z.number() }).nullable(),
});

const retries = z.object({
  attemptsMax: count,
  isRepeatable: z
    .boolean()
    .meta({ description: "May a request with this method be sent again once it was sent?" }),
  conditions: z.array(z.string()),
  attemptTimeoutMs: ms.nullable(),
  budget: z.object({
    mode,
    share: z.number(),
    floor: count,
    balance: z.number(),
    inFlight: z.number().int(),
  }),
  hedge: z.object({ mode, percentile: z.number(), delayMinMs: ms }).nullable(),
});

const pool = z.object({
  pool: z.string(),
  share: z.number(),
  policy: z.string(),
  key: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  choice: z.string().nullable(),
  endpoints: z.array(endpoint),
  refusal: z
    .enum(["no-endpoint", "pool-full", "max-fails"])
    .nullable()
    .meta({ description: "Why nobody can take a request that is bound to nobody; null when somebody can." }),
  isPanicking: z.boolean(),
  sticky: sticky.nullable(),
  capacity,
  retries,
  timeouts: z.object({ connect: ms, responseHead: ms, upstreamIdle: ms }),
});

export const explanationDocument = z.object({
  request: z.object({
    method: z.string(),
    host: z.string(),
    path: z.string(),
    query: z.string(),
    clientAddress: z.string(),
    isSecure: z.boolean(),
    listener: z.string(),
  }),
  isLive: z.boolean(),
  outcome: z.string(),
  route: z.object({
    outcome: z.enum(["matched", "no-route", "unclear-path"]),
    route: z.string().nullable(),
    captures: z.record(z.string(), z.string()),
    readings: z.array(z.object({ path: z.string(), route: z.string().nullable() })),
    alsoMatching: z.array(z.object({ route: z.string(), because: z.string() })),
    nearMisses: z.array(z.object({ route: z.string(), reason: z.string() })),
  }),
  gates: z.array(
    z.object({
      gate: z.enum(["access", "password", "rate-limit", "hook", "faults", "mirror"]),
      says: z.string(),
      refuses: z.enum(Object.keys(errorTable) as [Cause, ...Cause[]]).nullable(),
    }),
  ),
  limits: z
    .object({
      exchangeMs: ms.nullable(),
      requestBodyBytes: count.nullable(),
      requestBytesPerSecond: count.nullable(),
      responseBytesPerSecond: count.nullable(),
      bandwidthMode: mode,
    })
    .nullable(),
  pools: z.array(pool),
});
