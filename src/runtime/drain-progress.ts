/**
 * Follows endpoints that are on their way out: those set to draining and those removed from the
 * configuration. Tells what each still holds, says when it has finished, and when a deadline passes has
 * the endpoint taken out altogether (`maintenance`) and what is left of its requests ended. WebSockets, which
 * would not end by themselves, are asked to close a little before.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { openTunnels } from "../observability/counters/open-tunnels.ts";
import type { SharedEndpoint, SharedState } from "./shared-state.ts";

export interface DrainProgress {
  readonly pool: string;
  readonly endpoint: string;
  readonly url: string;
  /** Why it leaves: set to draining, or no longer in the configuration. */
  readonly reason: "draining" | "removed";
  readonly startedWallMs: number;
  /** Null without a deadline. */
  readonly deadlineWallMs: number | null;
  readonly outcome: "under-way" | "finished" | "deadline-passed";
  /** In flight when it began, and now. Tunnels such as WebSockets count until they end. */
  readonly startedRequests: number;
  readonly activeRequests: number;
  /** Ended at the deadline. */
  readonly cutRequests: number;
  /** Of those, WebSockets and the like. */
  readonly tunnels: number;
  readonly connections: number;
}

interface Drain {
  readonly endpoint: SharedEndpoint;
  reason: DrainProgress["reason"];
  readonly startedWallMs: number;
  readonly startedRequests: number;
  deadlineWallMs: number | null;
  cutRequests: number;
  outcome: DrainProgress["outcome"];
  /** When the deadline was set. */
  deadlineSetWallMs: number;
  /** Its WebSockets were asked to close. */
  isAsked: boolean;
}

export interface DrainsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly shared: SharedState;
  /** How long a WebSocket that was asked to close may take; 0 when none is asked. */
  webSocketCloseMs(): number;
  /** The deadline is near: nothing more may come, and WebSockets are asked to close within `withinMs`. */
  closeWebSockets(endpoint: SharedEndpoint, withinMs: number): void;
  /** The deadline has passed: nothing more may come, and what is there ends. */
  endDrain(endpoint: SharedEndpoint): void;
}

const lookEveryMs = 250;
/** Finished drains of removed endpoints that are still told. */
const rememberedMax = 100;

export class Drains {
  readonly #parts: DrainsParts;
  readonly #drains = new Map<string, Drain>();
  #known = new Map<string, SharedEndpoint>();
  #timer: Timer | null = null;

  constructor(parts: DrainsParts) {
    this.#parts = parts;
  }

  /** After every change of the configuration: finds out who has begun to leave and who is back. */
  observe(): void {
    const now = new Map([...this.#parts.shared.endpoints()].map((endpoint) => [endpoint.key, endpoint]));
    for (const [key, endpoint] of this.#known) if (!now.has(key)) this.#leave(endpoint, "removed");
    for (const [key, endpoint] of now) {
      const { state } = endpoint.config;
      const drain = this.#drains.get(key);
      const isTakenOutByDrain = drain?.outcome === "deadline-passed" || drain?.isAsked === true;
      if (state === "draining") this.#leave(endpoint, "draining");
      else if (!isTakenOutByDrain || state === "ready") this.#drains.delete(key);
    }
    this.#known = now;
    this.#look();
  }

  /** Null takes the deadline away. The endpoint must be draining. */
  setDeadline(pool: string, name: string, deadlineMs: number | null): void {
    const known = this.#find(pool, name);
    if (known === undefined) return;
    const drain = this.#renewed(known);
    drain.deadlineSetWallMs = this.#parts.clock.wallMs();
    drain.deadlineWallMs = deadlineMs === null ? null : drain.deadlineSetWallMs + deadlineMs;
    this.#look();
  }

  of(pool: string, name: string): DrainProgress | null {
    const drain = this.#find(pool, name);
    return drain === undefined ? null : progressOf(drain);
  }

  /** All, the latest last. */
  get all(): readonly DrainProgress[] {
    return [...this.#drains.values()].map(progressOf);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #find(pool: string, name: string): Drain | undefined {
    return [...this.#drains.values()].findLast(
      ({ endpoint, reason }) =>
        endpoint.pool === pool && endpoint.config.name === name && reason === "draining",
    );
  }

  #leave(endpoint: SharedEndpoint, reason: DrainProgress["reason"]): void {
    const known = this.#drains.get(endpoint.key);
    if (known === undefined) this.#begin(endpoint, reason);
    else known.reason = reason;
  }

  /** One that is through, or nearly, begins again when it is ordered again; what has nothing left is through. */
  #renewed(drain: Drain): Drain {
    const { endpoint, outcome, isAsked, reason } = drain;
    const isThrough = outcome === "deadline-passed" || isAsked;
    const isTakenUpAgain = outcome === "finished" && endpoint.state.activeRequests > 0;
    return isThrough || isTakenUpAgain ? this.#begin(endpoint, reason) : drain;
  }

  #begin(endpoint: SharedEndpoint, reason: DrainProgress["reason"]): Drain {
    const drain: Drain = {
      endpoint,
      reason,
      startedWallMs: this.#parts.clock.wallMs(),
      startedRequests: endpoint.state.activeRequests,
      deadlineWallMs: null,
      cutRequests: 0,
      outcome: "under-way",
      deadlineSetWallMs: 0,
      isAsked: false,
    };
    this.#drains.set(endpoint.key, drain);
    const left = [...this.#drains].filter(
      ([, drain]) => drain.reason === "removed" && drain.outcome !== "under-way",
    );
    for (const [key] of left.slice(0, -rememberedMax)) this.#drains.delete(key);
    return drain;
  }

  #look(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const drain of this.#drains.values()) if (drain.outcome === "under-way") this.#judge(drain);
    const left = [...this.#drains.values()].filter(({ outcome }) => outcome === "under-way");
    if (left.length === 0) return;
    const nowMs = this.#parts.clock.wallMs();
    const delaysMs = left
      .flatMap((drain) => [this.#askWallMs(drain), drain.deadlineWallMs ?? Number.POSITIVE_INFINITY])
      .map((dueMs) => Math.ceil(dueMs - nowMs))
      .filter((delayMs) => delayMs > 0);
    this.#timer = this.#parts.clock.setTimer(Math.min(lookEveryMs, ...delaysMs), () => this.#look());
  }

  /** When its WebSockets are asked: in time for some to be asked after others, and for all to answer. */
  #askWallMs({ deadlineWallMs, deadlineSetWallMs, isAsked }: Drain): number {
    const closeMs = this.#parts.webSocketCloseMs();
    if (deadlineWallMs === null || isAsked || closeMs === 0) return Number.POSITIVE_INFINITY;
    return deadlineWallMs - Math.min(2 * closeMs, (deadlineWallMs - deadlineSetWallMs) / 2);
  }

  #judge(drain: Drain): void {
    const { clock, log } = this.#parts;
    const { endpoint, deadlineWallMs, startedWallMs, reason } = drain;
    const { activeRequests } = endpoint.state;
    const fields = { pool: endpoint.pool, endpoint: endpoint.config.name, reason };
    const nowMs = clock.wallMs();
    if (activeRequests === 0) {
      drain.outcome = "finished";
      log.info("endpoint has finished what it had", { ...fields, tookMs: Math.round(nowMs - startedWallMs) });
    } else if (deadlineWallMs !== null && nowMs >= deadlineWallMs) {
      drain.outcome = "deadline-passed";
      drain.cutRequests = activeRequests;
      log.warn("the deadline for draining has passed, what is left is ended", { ...fields, activeRequests });
      this.#parts.endDrain(endpoint);
    } else if (nowMs >= this.#askWallMs(drain) && openTunnels(endpoint.state.readTotals()) > 0) {
      drain.isAsked = true;
      this.#parts.closeWebSockets(endpoint, (deadlineWallMs ?? nowMs) - nowMs);
    }
  }
}

function progressOf(drain: Drain): DrainProgress {
  const { endpoint, reason, startedWallMs, startedRequests, deadlineWallMs, cutRequests, outcome } = drain;
  const totals = endpoint.state.readTotals();
  return {
    pool: endpoint.pool,
    endpoint: endpoint.config.name,
    url: endpoint.config.url,
    reason,
    startedWallMs,
    deadlineWallMs,
    outcome,
    startedRequests,
    cutRequests,
    activeRequests: totals.activeRequests,
    tunnels: openTunnels(totals),
    connections: totals.connections,
  };
}
