/** The figures of a report as plain data: what `--json` prints and the page shows. */
import { errorTable, type Cause, errorRow } from "../../core/errors.ts";
import type { Histogram } from "../../core/histogram.ts";
import { type Finding, imbalances } from "./imbalance.ts";
import type { EndpointTally, GroupTally, SlowExchange, Tally } from "./tally.ts";

export interface LatencyFigures {
  /** Exchanges whose line tells a duration. */
  readonly count: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
}

export interface GroupFigures {
  readonly name: string;
  readonly requests: number;
  readonly errors4xx: number;
  readonly errors5xx: number;
  readonly bytesOut: number;
  readonly latency: LatencyFigures;
}

export interface EndpointFigures extends GroupFigures {
  readonly pool: string;
  /** Of the pool's requests, 0 to 1. */
  readonly share: number;
  readonly failedAttempts: Readonly<Record<string, number>>;
}

export interface CauseFigures {
  readonly cause: string;
  readonly exchanges: number;
  readonly attempts: number;
  readonly endpoints: readonly { readonly name: string; readonly count: number }[];
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly example: string;
  /** "" for causes that Headgate does not know. */
  readonly sentence: string;
  readonly fix: string;
}

export interface MomentFigures {
  readonly wallMs: number;
  /** By first digit of the status, 0 for none. */
  readonly classes: readonly number[];
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  /** Requests of the endpoints, in their order. */
  readonly endpoints: readonly number[];
}

export interface ReportFigures {
  readonly lines: number;
  readonly unreadLines: number;
  readonly formats: Readonly<Record<string, number>>;
  readonly from: string | null;
  readonly until: string | null;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errorShare: number;
  readonly statuses: readonly { readonly status: number; readonly count: number }[];
  readonly latency: LatencyFigures;
  readonly phases: Readonly<Record<"queue" | "connect" | "firstByte", LatencyFigures>>;
  readonly endpoints: readonly EndpointFigures[];
  readonly imbalances: readonly Finding[];
  readonly causes: readonly CauseFigures[];
  /** The slowest first, by their 99th percentile. */
  readonly routes: readonly GroupFigures[];
  readonly slowest: readonly (Omit<SlowExchange, "wallMs"> & { readonly time: string })[];
  readonly clients: readonly { readonly client: string; readonly requests: number }[];
  readonly overTime: { readonly widthMs: number; readonly moments: readonly MomentFigures[] };
}

/** A route is judged slow or not from so many requests on. */
const routeRequestsMin = 20;
const routesShown = 50;
const clientsShown = 10;

export function figuresOf(tally: Tally): ReportFigures {
  const { all, formats, firstWallMs, lastWallMs } = tally;
  const seconds = Math.max(1, (lastWallMs - firstWallMs) / 1000);
  const endpoints = [...tally.endpoints.values()];
  return {
    lines: all.requests + tally.unread,
    unreadLines: tally.unread,
    formats: Object.fromEntries(formats),
    from: isoOf(firstWallMs),
    until: isoOf(lastWallMs),
    requests: all.requests,
    requestsPerSecond: all.requests === 0 ? 0 : all.requests / seconds,
    bytesIn: tally.bytesIn,
    bytesOut: all.bytesOut,
    errorShare: all.requests === 0 ? 0 : all.errors5xx / all.requests,
    statuses: [...tally.statuses]
      .map(([status, count]) => ({ status, count }))
      .toSorted((a, b) => a.status - b.status),
    latency: groupLatency(all),
    phases: {
      queue: phaseLatency(tally.phases.queue),
      connect: phaseLatency(tally.phases.connect),
      firstByte: phaseLatency(tally.phases.firstByte),
    },
    endpoints: endpointFigures(endpoints),
    imbalances: imbalances(tally),
    causes: causeFigures(tally),
    routes: routeFigures(tally),
    slowest: tally.slowest.map(({ wallMs, ...slow }) => ({ time: new Date(wallMs).toISOString(), ...slow })),
    clients: tally.clients.top(clientsShown).map(({ client, count }) => ({ client, requests: count })),
    overTime: {
      widthMs: tally.overTime.widthMs,
      moments: tally.overTime.list().map(({ wallMs, bucket }) => ({
        wallMs,
        classes: [...bucket.classes],
        p50Ms: bucket.latency.percentile(0.5),
        p90Ms: bucket.latency.percentile(0.9),
        p99Ms: bucket.latency.percentile(0.99),
        endpoints: endpoints.map(({ number }) => bucket.endpoints.get(number) ?? 0),
      })),
    },
  };
}

function isoOf(wallMs: number): string | null {
  return Number.isFinite(wallMs) ? new Date(wallMs).toISOString() : null;
}

function groupLatency({ latency, sumMs, maxMs }: GroupTally): LatencyFigures {
  const { count } = latency;
  const isKnown = count > 0;
  return {
    ...phaseLatency(latency),
    meanMs: isKnown ? sumMs / count : null,
    maxMs: isKnown ? maxMs : null,
  };
}

function phaseLatency(latency: Histogram): LatencyFigures {
  return {
    count: latency.count,
    meanMs: null,
    p50Ms: latency.percentile(0.5),
    p90Ms: latency.percentile(0.9),
    p99Ms: latency.percentile(0.99),
    p999Ms: latency.percentile(0.999),
    maxMs: null,
  };
}

function groupFigures(name: string, group: GroupTally): GroupFigures {
  const { requests, errors4xx, errors5xx, bytesOut } = group;
  return { name, requests, errors4xx, errors5xx, bytesOut, latency: groupLatency(group) };
}

function endpointFigures(endpoints: readonly EndpointTally[]): readonly EndpointFigures[] {
  const ofPool = new Map<string, number>();
  for (const { pool, answered } of endpoints) ofPool.set(pool, (ofPool.get(pool) ?? 0) + answered.requests);
  return endpoints.map(({ pool, name, answered, failedAttempts }) => ({
    ...groupFigures(name, answered),
    pool,
    share: answered.requests / Math.max(1, ofPool.get(pool) ?? 0),
    failedAttempts: Object.fromEntries(failedAttempts),
  }));
}

function causeFigures({ causes }: Tally): readonly CauseFigures[] {
  return [...causes]
    .map(([cause, { exchanges, attempts, endpoints, firstWallMs, lastWallMs, example }]) => ({
      cause,
      exchanges,
      attempts,
      endpoints: [...endpoints]
        .map(([name, count]) => ({ name, count }))
        .toSorted((a, b) => b.count - a.count)
        .slice(0, 5),
      firstSeen: new Date(firstWallMs).toISOString(),
      lastSeen: new Date(lastWallMs).toISOString(),
      example,
      sentence: isCause(cause) ? errorRow(cause).sentence : "",
      fix: isCause(cause) ? errorRow(cause).fix : "",
    }))
    .toSorted((a, b) => b.exchanges - a.exchanges || b.attempts - a.attempts);
}

function isCause(name: string): name is Cause {
  return Object.hasOwn(errorTable, name);
}

function routeFigures({ routes }: Tally): readonly GroupFigures[] {
  const figures = [...routes].map(([name, group]) => groupFigures(name, group));
  const isJudged = ({ requests }: GroupFigures): boolean => requests >= routeRequestsMin;
  return figures
    .toSorted(
      (a, b) =>
        Number(isJudged(b)) - Number(isJudged(a)) ||
        (b.latency.p99Ms ?? -1) - (a.latency.p99Ms ?? -1) ||
        b.requests - a.requests,
    )
    .slice(0, routesShown);
}
