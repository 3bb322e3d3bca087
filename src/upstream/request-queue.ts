/**
 * Requests that wait for an endpoint when all are busy: one bounded queue per pool and worker. Serves
 * the most important class first, within a class the keys (clients, say) in turn, within a key in order
 * of arrival. Each wait ends by being served, by timeout, by a more important arrival, or by
 * cancelling. Does not know when a place is free: whoever frees one calls `serve`.
 *
 *   high    key A: a1 a2 a3 │ key B: b1      → a1 b1 a2 a3
 *   normal  key C: c1                        → c1
 *   low     …
 */
import type { Clock, Timer } from "../core/clock.ts";

/** Smaller is more important. */
export const priorityClasses = ["high", "normal", "low"] as const;
export type PriorityClass = (typeof priorityClasses)[number];

/** Why a wait ended without being served; each stands for its own cause. */
export type QueueRefusal =
  /** Too many were waiting already. */
  | "queue-full"
  /** Nobody became free in time. */
  | "queue-timeout"
  /** A more important request took its place in a full queue. */
  | "queue-displaced"
  /** The pool is going away. */
  | "queue-closed";

export interface QueueWaiter {
  /** A place may be free: take it and return true, or return false to go on waiting. */
  tryServe(): boolean;
  /** The wait is over without success. Never called from within `enter`. */
  onRefused(refusal: QueueRefusal): void;
}

export interface QueueSettings {
  /** Most that wait at once, over all classes. */
  readonly size: number;
  readonly timeoutMs: number;
  /**
   * While anybody waits, how often places are offered without having been told of one, because others
   * (workers, health, limits) free them without a word; 0 for never.
   */
  readonly lookEveryMs: number;
}

/** Counts since the queue was made. */
export interface QueueCounts {
  entered: number;
  served: number;
  cancelled: number;
  full: number;
  timeout: number;
  displaced: number;
}

/** One waiting request; hand it to `cancel` to stop waiting. */
export class QueueTicket {
  readonly waiter: QueueWaiter;
  readonly rank: number;
  readonly dueMs: number;
  /** Null once the wait is over. */
  lane: Lane | null;
  /** Neighbours in the class's order of arrival. */
  earlier: QueueTicket | null = null;
  later: QueueTicket | null = null;

  constructor(waiter: QueueWaiter, rank: number, dueMs: number, lane: Lane) {
    this.waiter = waiter;
    this.rank = rank;
    this.dueMs = dueMs;
    this.lane = lane;
  }
}

/** What waits under one key of one class. A Set keeps the order of arrival and removes in constant time. */
interface Lane {
  readonly key: string;
  readonly tickets: Set<QueueTicket>;
}

interface ClassQueue {
  /** In order of turn: the lane that was served goes to the end. */
  readonly lanes: Map<string, Lane>;
  /** Ends of the list of all arrivals, which is also the order of expiry. */
  oldest: QueueTicket | null;
  newest: QueueTicket | null;
}

export class RequestQueue {
  /** Told how many wait whenever that changes. */
  onLength: (length: number) => void = () => {};
  readonly counts: QueueCounts = { entered: 0, served: 0, cancelled: 0, full: 0, timeout: 0, displaced: 0 };
  readonly #settings: QueueSettings;
  readonly #clock: Clock;
  readonly #classes: readonly ClassQueue[] = priorityClasses.map(() => ({
    lanes: new Map(),
    oldest: null,
    newest: null,
  }));
  #length = 0;
  #isServing = false;
  #timer: Timer | null = null;
  #look: Timer | null = null;

  constructor(settings: QueueSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** How many wait. While it is not 0, new requests should enter too, or they overtake. */
  get length(): number {
    return this.#length;
  }

  /** Begins to wait, or says why not. In a full queue the newest of a less important class makes room. */
  enter(waiter: QueueWaiter, priority: PriorityClass, key: string): QueueTicket | "queue-full" {
    const rank = priorityClasses.indexOf(priority);
    const displaced = this.#length >= this.#settings.size ? this.#newestBelow(rank) : null;
    if (this.#length >= this.#settings.size && displaced === null) {
      this.counts.full++;
      return "queue-full";
    }
    const ticket = this.#add(waiter, rank, key);
    if (displaced !== null) this.#refuse(displaced, "queue-displaced");
    return ticket;
  }

  /** Stops waiting without a word (the client left). Nothing happens if the wait is already over. */
  cancel(ticket: QueueTicket): void {
    if (!this.#remove(ticket)) return;
    this.counts.cancelled++;
  }

  /** Offers places in turn until a waiter declines or none is left. Returns how many were served. */
  serve(): number {
    // Serving one may free another place at once; the loop below goes on to offer that one.
    if (this.#isServing || this.#length === 0) return 0;
    this.#isServing = true;
    const before = this.counts.served;
    for (let ticket = this.#next(); ticket !== null; ticket = this.#next()) {
      if (!this.#offer(ticket)) break;
    }
    this.#isServing = false;
    return this.counts.served - before;
  }

  /** Refuses everybody who waits. */
  close(): void {
    for (const queue of this.#classes) {
      while (queue.oldest !== null) this.#refuse(queue.oldest, "queue-closed");
    }
  }

  /** False if the waiter declined and goes on waiting. One that cancels itself meanwhile was not served. */
  #offer(ticket: QueueTicket): boolean {
    const { lane } = ticket;
    const isServed = ticket.waiter.tryServe();
    if (ticket.lane === null || lane === null) return true;
    if (!isServed) return false;
    this.#remove(ticket);
    this.counts.served++;
    const { lanes } = this.#classes[ticket.rank]!;
    if (lanes.delete(lane.key)) lanes.set(lane.key, lane);
    return true;
  }

  #add(waiter: QueueWaiter, rank: number, key: string): QueueTicket {
    const queue = this.#classes[rank]!;
    let lane = queue.lanes.get(key);
    if (lane === undefined) {
      lane = { key, tickets: new Set() };
      queue.lanes.set(key, lane);
    }
    const ticket = new QueueTicket(waiter, rank, this.#clock.nowMs() + this.#settings.timeoutMs, lane);
    lane.tickets.add(ticket);
    ticket.earlier = queue.newest;
    if (queue.newest === null) queue.oldest = ticket;
    else queue.newest.later = ticket;
    queue.newest = ticket;
    this.onLength(++this.#length);
    this.counts.entered++;
    this.#timer ??= this.#clock.setTimer(this.#settings.timeoutMs, () => this.#expire());
    if (this.#settings.lookEveryMs > 0) this.#look ??= this.#lookLater();
    return ticket;
  }

  /** False if it was not waiting any more. */
  #remove(ticket: QueueTicket): boolean {
    const { lane } = ticket;
    if (lane === null) return false;
    const queue = this.#classes[ticket.rank]!;
    lane.tickets.delete(ticket);
    if (lane.tickets.size === 0) queue.lanes.delete(lane.key);
    if (ticket.earlier === null) queue.oldest = ticket.later;
    else ticket.earlier.later = ticket.later;
    if (ticket.later === null) queue.newest = ticket.earlier;
    else ticket.later.earlier = ticket.earlier;
    ticket.lane = null;
    this.onLength(--this.#length);
    if (this.#length === 0) this.#stopTimer();
    return true;
  }

  #next(): QueueTicket | null {
    for (const { lanes } of this.#classes) {
      for (const lane of lanes.values()) {
        for (const ticket of lane.tickets) return ticket;
      }
    }
    return null;
  }

  /** The latest arrival of the least important class below `rank`. */
  #newestBelow(rank: number): QueueTicket | null {
    for (let other = this.#classes.length - 1; other > rank; other--) {
      const { newest } = this.#classes[other]!;
      if (newest !== null) return newest;
    }
    return null;
  }

  #refuse(ticket: QueueTicket, refusal: "queue-timeout" | "queue-displaced" | "queue-closed"): void {
    if (!this.#remove(ticket)) return;
    if (refusal === "queue-timeout") this.counts.timeout++;
    else if (refusal === "queue-displaced") this.counts.displaced++;
    else this.counts.cancelled++;
    ticket.waiter.onRefused(refusal);
  }

  #expire(): void {
    const nowMs = this.#clock.nowMs();
    for (const queue of this.#classes) {
      while (queue.oldest !== null && queue.oldest.dueMs <= nowMs)
        this.#refuse(queue.oldest, "queue-timeout");
    }
    this.#stopTimer();
    if (this.#length === 0) return;
    const earliestMs = Math.min(
      ...this.#classes.map((queue) => queue.oldest?.dueMs ?? Number.POSITIVE_INFINITY),
    );
    this.#timer = this.#clock.setTimer(Math.max(1, earliestMs - nowMs), () => this.#expire());
  }

  #lookLater(): Timer {
    return this.#clock.setTimer(this.#settings.lookEveryMs, () => {
      this.#look = null;
      this.serve();
      if (this.#length > 0) this.#look ??= this.#lookLater();
    });
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#length > 0) return;
    this.#look?.cancel();
    this.#look = null;
  }
}
