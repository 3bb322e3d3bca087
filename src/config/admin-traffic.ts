/** What the admin API tells of the traffic itself: exchanges, failures grouped by cause, history, alerts. */
import * as z from "zod";
import { type Cause, errorTable } from "../core/errors.ts";
import { count, ms, time } from "./admin-scalars.ts";

const cause = z.enum(Object.keys(errorTable) as [Cause, ...Cause[]]);

const diagnosisRow = z.object({
  cause,
  source: z.enum(["downstream", "upstream", "internal"]),
  stage: z.string(),
  sentence: z.string(),
  fix: z.string(),
  listener: z.string(),
  route: z.string().meta({ description: "Empty when none matched." }),
  pool: z.string(),
  endpoint: z.string().meta({ description: "Empty when none was involved." }),
  failed: count.meta({ description: "Exchanges of the last hour that failed." }),
  recovered: count.meta({ description: "Failed attempts that another attempt made good." }),
  firstSeen: time,
  lastSeen: time,
  example: z.object({
    time,
    method: z.string(),
    target: z.string(),
    host: z.string(),
    client: z.string(),
    status: count,
    detail: z.string(),
    durationMs: ms,
    requestId: z.string(),
  }),
});

const column = z.array(z.number().nullable());

export const history = z.object({
  start: time.meta({ description: "When the first step began." }),
  stepMs: ms,
  requestRate: column.meta({ description: "Per second; null where nothing was sampled. So are the others." }),
  errorRate: column.meta({ description: "Responses with 5xx, per second." }),
  active: column,
  p50Ms: column,
  p90Ms: column,
  p99Ms: column,
});

export const exchange = z.object({
  time,
  client: z.string(),
  listener: z.string(),
  route: z.string(),
  pool: z.string(),
  endpoint: z.string(),
  method: z.string(),
  host: z.string(),
  target: z.string(),
  status: count,
  cause: cause.nullable(),
  detail: z.string(),
  durationMs: ms,
  queueMs: ms,
  connectMs: ms.nullable(),
  firstByteMs: ms.nullable(),
  bytesIn: count,
  bytesOut: count,
  failedAttempts: z.array(z.object({ endpoint: z.string(), cause })),
  requestId: z.string(),
});

export const diagnosis = z.object({
  rows: z.array(diagnosisRow),
  ungrouped: count.meta({ description: "Failures since the start that found no group." }),
});

export const alertList = z.object({
  alerts: z.array(
    z.object({
      rule: z.string(),
      severity: z.enum(["warning", "critical"]),
      subject: z.string().meta({ description: "Empty for the whole." }),
      summary: z.string(),
      value: z.number().nullable(),
      started: time,
    }),
  ),
  receivers: z.array(z.object({ name: z.string(), delivered: count, lost: count, waiting: count })),
});

export const endpointHistories = z.object({
  start: time,
  stepMs: ms,
  endpoints: z.array(z.object({ name: z.string(), requestRate: column, p50Ms: column, p99Ms: column })),
});
