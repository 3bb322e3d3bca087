/** What the admin API tells of the things traffic passes: listeners, routes, pools, endpoints and their drains. */
import * as z from "zod";
import { count, ms, time } from "./admin-scalars.ts";
import { endpointOrigin, poolSource } from "./admin-sources.ts";

export const drain = z.object({
  pool: z.string(),
  endpoint: z.string(),
  url: z.string(),
  reason: z.enum(["draining", "removed"]),
  started: time,
  deadline: time.nullable(),
  outcome: z.enum(["under-way", "finished", "deadline-passed"]),
  startedRequests: count,
  cutRequests: count,
  activeRequests: count.meta({ description: "Tunnels such as WebSockets count until they end." }),
  tunnels: count.meta({ description: "Of those, WebSockets and the like." }),
  connections: count,
});

export const endpoint = z.object({
  pool: z.string(),
  name: z.string(),
  url: z.string(),
  origin: endpointOrigin,
  state: z.enum(["up", "down", "ejected", "draining", "maintenance"]).meta({ description: "All in all." }),
  setTo: z.enum(["ready", "draining", "maintenance"]).meta({ description: "What operators said." }),
  isEligible: z.boolean(),
  health: z
    .object({
      state: z.enum(["unproven", "up", "down"]),
      reason: z.string(),
      since: time,
      lastProbe: z.object({ isOk: z.boolean(), detail: z.string(), latencyMs: ms }).nullable(),
    })
    .nullable()
    .meta({ description: "What probes say; null without probes." }),
  weight: z.number().min(0).meta({ description: "As it counts now, after slow start." }),
  configuredWeight: z.number().min(0),
  isBackup: z.boolean(),
  zone: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  activeRequests: count,
  tunnels: count.meta({ description: "Of those, WebSockets and the like." }),
  connections: count,
  requests: count,
  responses: z.object({ "1xx": count, "2xx": count, "3xx": count, "4xx": count, "5xx": count }),
  failures: count,
  retries: count,
  bytesIn: z.number().min(0),
  bytesOut: z.number().min(0),
  latencyMs: z.object({ p50: ms.nullable(), p99: ms.nullable() }),
  drain: drain.nullable(),
});

export const pool = z.object({
  name: z.string(),
  policy: z.string(),
  hasProbes: z.boolean(),
  source: poolSource,
  endpointCount: count,
  eligibleCount: count,
  endpoints: z.array(endpoint),
});

export const listener = z.object({
  name: z.string(),
  address: z.string().meta({ description: "As bound." }),
  connections: count,
  connectionsMax: count.nullable(),
  accepted: count,
  refusedConnections: count,
  refusedHeads: count,
});

export const route = z.object({
  name: z.string(),
  host: z.string(),
  path: z.string(),
  conditions: z.string(),
  priority: z.number(),
  action: z.string(),
});

export const ambiguity = z.object({
  kind: z.enum(["unreachable", "order-decides"]),
  route: z.string(),
  other: z.string(),
  text: z.string(),
});
