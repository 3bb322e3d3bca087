/** What `headgate top` shows: two looks at a running Headgate and what happened in between. No terminal here. */
import type { AdminDocument } from "../config/admin-documents.ts";

/** One look. */
export interface TopReading {
  readonly atMs: number;
  readonly status: AdminDocument<"Status">;
  readonly pools: AdminDocument<"PoolList">["pools"];
  /** Of everything, second by second. */
  readonly history: AdminDocument<"History">;
}

export interface TopEndpoint {
  readonly name: string;
  readonly state: string;
  readonly weight: number;
  readonly active: number;
  /** Per second since the look before. */
  readonly requestRate: number;
  readonly failureRate: number;
  /** Of the pool's requests since the look before, 0 to 1. */
  readonly share: number;
  /** Since the start. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Why it is in its state; "" when all is well. */
  readonly why: string;
}

export interface TopPool {
  readonly name: string;
  readonly policy: string;
  readonly eligible: number;
  readonly requestRate: number;
  readonly failureRate: number;
  readonly active: number;
  readonly endpoints: readonly TopEndpoint[];
}

export interface TopModel {
  readonly status: AdminDocument<"Status">;
  readonly history: AdminDocument<"History">;
  readonly pools: readonly TopPool[];
}

type Endpoint = TopReading["pools"][number]["endpoints"][number];

/** `before` is null at the first look, when there are no rates yet. */
export function topModel(before: TopReading | null, now: TopReading): TopModel {
  const seconds = before === null ? 0 : (now.atMs - before.atMs) / 1000;
  const known = new Map(
    (before?.pools ?? []).flatMap(({ endpoints }) => endpoints.map((each) => [keyOf(each), each] as const)),
  );
  const pools = now.pools.map(({ name, policy, eligibleCount, endpoints }) => {
    const rows = endpoints.map((endpoint) => endpointRow(endpoint, known.get(keyOf(endpoint)), seconds));
    const requestRate = sum(rows, (row) => row.requestRate);
    return {
      name,
      policy,
      eligible: eligibleCount,
      requestRate,
      failureRate: sum(rows, (row) => row.failureRate),
      active: sum(rows, (row) => row.active),
      endpoints: rows.map((row) => ({
        ...row,
        share: requestRate === 0 ? 0 : row.requestRate / requestRate,
      })),
    };
  });
  return { status: now.status, history: now.history, pools };
}

function keyOf({ pool, name, url }: Endpoint): string {
  return JSON.stringify([pool, name, url]);
}

function endpointRow(endpoint: Endpoint, before: Endpoint | undefined, seconds: number): TopEndpoint {
  const rate = (read: (each: Endpoint) => number): number =>
    before === undefined || seconds <= 0 ? 0 : Math.max(0, read(endpoint) - read(before)) / seconds;
  const { name, state, weight, activeRequests, latencyMs, health, isBackup } = endpoint;
  return {
    name: isBackup ? `${name} (backup)` : name,
    state,
    weight,
    active: activeRequests,
    requestRate: rate(({ requests }) => requests),
    failureRate: rate(({ failures }) => failures),
    share: 0,
    p50Ms: latencyMs.p50,
    p99Ms: latencyMs.p99,
    why: state === "up" ? "" : (health?.reason ?? ""),
  };
}

function sum<T>(rows: readonly T[], read: (row: T) => number): number {
  return rows.reduce((total, row) => total + read(row), 0);
}
