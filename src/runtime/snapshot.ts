/**
 * What the control plane hands to each data plane: the configuration and the shared memory that goes
 * with it. Plain data throughout, so that it can be posted to a worker thread.
 */
import type { Config } from "../config/schema.ts";
import type { NamedFiles } from "./config-preflight.ts";
import type { ConcurrencyShare } from "../limits/concurrency-limit.ts";
import type { ConnectionLimitShare } from "../limits/connection-limit.ts";
import type { RateLimiterShare } from "../limits/rate-limiter.ts";
import type { ListenersTls } from "./tls-listeners.ts";
import type { DialTarget, UpstreamTls } from "../core/transport.ts";
import type { ObservabilityShare } from "./observability-share.ts";

/** One endpoint's share of a snapshot. */
export interface EndpointSnapshot {
  /** Identity: pool, name and URL. What keeps it keeps its state, its connections and its health. */
  readonly key: string;
  /** From 1, kept over reloads: what tables in shared memory call it. */
  readonly number: number;
  readonly state: SharedArrayBuffer;
  readonly targets: readonly DialTarget[];
  readonly tls: UpstreamTls | null;
}

/** Shared memory of a pool's overload protections; null where one is off. */
export interface OverloadShare {
  readonly concurrency: ConcurrencyShare | null;
  readonly shedCounts: SharedArrayBuffer | null;
}

/** What workers share for a pool's sticky sessions. */
export interface StickyShare {
  /** Signs cookies where the configuration names no secret. */
  readonly secret: string;
  /** Sessions that were learned; null for the other kinds. */
  readonly sessions: SharedArrayBuffer | null;
  /** What the table was made for. */
  readonly text: string;
}

export interface PoolSnapshot {
  readonly sticky: StickyShare;
  readonly overload: OverloadShare;
  readonly version: SharedArrayBuffer;
  /** The retry budget's account. */
  readonly budget: SharedArrayBuffer;
  /** How often its protections acted. */
  readonly protections: SharedArrayBuffer;
  /** In the order of the configuration. */
  readonly endpoints: readonly EndpointSnapshot[];
}

export interface Snapshot {
  readonly revision: number;
  readonly observability: ObservabilityShare;
  readonly config: Config;
  readonly pools: Readonly<Record<string, PoolSnapshot>>;
  /** Shared tables of the rate limits, by name. */
  readonly rateLimits: Readonly<Record<string, RateLimiterShare>>;
  /** What they said to each route; see `rate-limits.ts`. */
  readonly rateVerdicts: Readonly<Record<string, SharedArrayBuffer>>;
  /** What the configuration names outside itself. */
  readonly files: NamedFiles;
  /** How often the protections of each route acted, by name. */
  readonly routes: Readonly<Record<string, SharedArrayBuffer>>;
  /** Tables of the listeners that limit connections per client, by name. */
  readonly clientLimits: Readonly<Record<string, ConnectionLimitShare>>;
  /** Shared counters of each listener, by name. */
  readonly listeners: Readonly<Record<string, SharedArrayBuffer>>;
  /** Certificates and ticket keys of the listeners that speak TLS, by name. */
  readonly tls: ListenersTls;
  /** Ports that were 0 in the configuration and are bound by now, by listener name. */
  readonly boundPorts: Readonly<Record<string, number>>;
}

/** A listener as it was bound. */
export interface BoundAddress {
  readonly listener: string;
  readonly address: string;
  readonly port: number;
}

export function endpointKey(pool: string, name: string, url: string): string {
  return JSON.stringify([pool, name, url]);
}
