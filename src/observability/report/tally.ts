/**
 * Counts a log as it is read: by status, cause, route, endpoint, client and over time. Bounded in memory
 * whatever the log holds; what no longer fits is counted under one name. Draws no conclusions.
 */
import { Histogram } from "../../core/histogram.ts";
import { FrequentClients } from "./frequent-clients.ts";
import type { LogEntry } from "./log-entry.ts";
import type { LogFormat, ReadLine } from "./log-line.ts";
import { routeKey } from "./route-key.ts";
import { TimeBuckets } from "./time-buckets.ts";

/** Requests of one kind. */
export class GroupTally {
  requests = 0;
  errors4xx = 0;
  errors5xx = 0;
  bytesOut = 0;
  sumMs = 0;
  maxMs = 0;
  readonly latency = new Histogram();

  add({ status, durationMs, bytesOut }: LogEntry): void {
    this.requests++;
    if (status >= 500) this.errors5xx++;
    else if (status >= 400) this.errors4xx++;
    this.bytesOut += bytesOut;
    if (Number.isNaN(durationMs)) return;
    this.sumMs += durationMs;
    this.maxMs = Math.max(this.maxMs, durationMs);
    this.latency.record(durationMs);
  }
}

export interface EndpointTally {
  readonly number: number;
  readonly pool: string;
  readonly name: string;
  /** Requests it answered, or was the last to fail. */
  readonly answered: GroupTally;
  /** Attempts it failed, by cause, whether or not another endpoint then answered. */
  readonly failedAttempts: Map<string, number>;
}

export interface CauseTally {
  /** Exchanges that it ended. */
  exchanges: number;
  /** Attempts that it ended and that did not end the exchange. */
  attempts: number;
  readonly endpoints: Map<string, number>;
  firstWallMs: number;
  lastWallMs: number;
  example: string;
}

export interface SlowExchange {
  readonly wallMs: number;
  readonly durationMs: number;
  readonly status: number;
  readonly request: string;
  readonly endpoint: string;
}

const routesMax = 2000;
const endpointsMax = 2000;
const causesMax = 200;
const slowestMax = 20;
export const otherName = "(others)";

export class Tally {
  readonly formats = new Map<LogFormat, number>();
  readonly statuses = new Map<number, number>();
  readonly all = new GroupTally();
  readonly phases = { queue: new Histogram(), connect: new Histogram(), firstByte: new Histogram() };
  readonly routes = new Map<string, GroupTally>();
  readonly endpoints = new Map<string, EndpointTally>();
  readonly causes = new Map<string, CauseTally>();
  readonly clients = new FrequentClients();
  readonly overTime = new TimeBuckets();
  bytesIn = 0;
  firstWallMs = Number.POSITIVE_INFINITY;
  lastWallMs = Number.NEGATIVE_INFINITY;
  /** Lines in no known format, or about something else. */
  unread = 0;
  #slowest: SlowExchange[] = [];
  #slowestLeastMs = -1;

  add({ format, entry }: ReadLine): void {
    const { wallMs, status, durationMs } = entry;
    this.formats.set(format, (this.formats.get(format) ?? 0) + 1);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.firstWallMs = Math.min(this.firstWallMs, wallMs);
    this.lastWallMs = Math.max(this.lastWallMs, wallMs);
    this.bytesIn += entry.bytesIn;
    this.all.add(entry);
    this.#addPhases(entry);
    const name = entry.route === "" ? routeKey(entry.method, entry.path) : entry.route;
    bounded(this.routes, name, routesMax, () => new GroupTally()).add(entry);
    const endpoint = entry.endpoint === "" ? null : this.#endpoint(entry.pool, entry.endpoint);
    endpoint?.answered.add(entry);
    this.#addFailures(entry);
    if (entry.client !== "") this.clients.add(entry.client, entry.pool, endpoint?.number ?? null);
    this.overTime.at(wallMs).add(status, durationMs, endpoint?.number ?? null);
    if (durationMs > this.#slowestLeastMs) this.#addSlow(entry);
  }

  /** The longest exchanges, the longest first. */
  get slowest(): readonly SlowExchange[] {
    return this.#slowest;
  }

  #addPhases({ queueMs, connectMs, firstByteMs }: LogEntry): void {
    if (queueMs > 0) this.phases.queue.record(queueMs);
    if (!Number.isNaN(connectMs)) this.phases.connect.record(connectMs);
    if (!Number.isNaN(firstByteMs)) this.phases.firstByte.record(firstByteMs);
  }

  #endpoint(pool: string, name: string): EndpointTally {
    const isFull = this.endpoints.size >= endpointsMax && !this.endpoints.has(`${pool}\n${name}`);
    const shown = isFull ? otherName : name;
    const key = `${isFull ? "" : pool}\n${shown}`;
    let endpoint = this.endpoints.get(key);
    if (endpoint === undefined) {
      endpoint = {
        number: this.endpoints.size,
        pool: isFull ? "" : pool,
        name: shown,
        answered: new GroupTally(),
        failedAttempts: new Map(),
      };
      this.endpoints.set(key, endpoint);
    }
    return endpoint;
  }

  #addFailures(entry: LogEntry): void {
    const { cause, failedAttempts } = entry;
    if (cause !== "") this.#cause(cause, entry, entry.endpoint).exchanges++;
    failedAttempts.forEach((failed, index) => {
      const { failedAttempts: counts } = this.#endpoint(entry.pool, failed.endpoint);
      counts.set(failed.cause, (counts.get(failed.cause) ?? 0) + 1);
      // The attempt that ended the exchange stands in both places; it counts once, as the exchange.
      const isFinal = index === failedAttempts.length - 1 && failed.cause === cause;
      if (!isFinal) this.#cause(failed.cause, entry, failed.endpoint).attempts++;
    });
  }

  #cause(name: string, entry: LogEntry, endpoint: string): CauseTally {
    const { wallMs, method, path } = entry;
    const cause = bounded(this.causes, name, causesMax, () => ({
      exchanges: 0,
      attempts: 0,
      endpoints: new Map<string, number>(),
      firstWallMs: wallMs,
      lastWallMs: wallMs,
      example: `${method} ${path}`.trim().slice(0, 200),
    }));
    cause.firstWallMs = Math.min(cause.firstWallMs, wallMs);
    cause.lastWallMs = Math.max(cause.lastWallMs, wallMs);
    if (endpoint !== "" && (cause.endpoints.has(endpoint) || cause.endpoints.size < endpointsMax))
      cause.endpoints.set(endpoint, (cause.endpoints.get(endpoint) ?? 0) + 1);
    return cause;
  }

  #addSlow({ wallMs, durationMs, status, method, path, endpoint }: LogEntry): void {
    const request = `${method} ${path}`.slice(0, 200);
    this.#slowest.push({ wallMs, durationMs, status, request, endpoint });
    this.#slowest.sort((a, b) => b.durationMs - a.durationMs);
    this.#slowest.length = Math.min(this.#slowest.length, slowestMax);
    if (this.#slowest.length === slowestMax) this.#slowestLeastMs = this.#slowest.at(-1)?.durationMs ?? -1;
  }
}

function bounded<T>(map: Map<string, T>, name: string, sizeMax: number, create: () => T): T {
  const key = map.size >= sizeMax && !map.has(name) ? otherName : name;
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
