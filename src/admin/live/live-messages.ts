/**
 * What the live stream says. Names come once, in a topology; after that, places in its lists stand for
 * them, and numbers come as rows `[place, columns…]`, only those that changed.
 */

/** The first message. */
export interface LiveHello {
  readonly caller: { readonly name: string; readonly mayWrite: boolean };
  readonly version: string;
  readonly startedMs: number;
}

/** Sent before the first numbers, and again when a revision is in force. */
export interface LiveTopology {
  readonly revision: number;
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly routes: readonly LiveRoute[];
  readonly pools: readonly LivePool[];
  /** From a route (its place) to each pool (its place) it may send to. */
  readonly ways: readonly (readonly [route: number, pool: number])[];
  /** Of all pools, one pool after the other. */
  readonly endpoints: readonly LiveEndpoint[];
}

interface LiveRoute {
  readonly name: string;
  readonly action: string;
  /** Names of the pools it may send to; none when it answers by itself. */
  readonly pools: readonly string[];
}

interface LivePool {
  readonly name: string;
  readonly policy: string;
  readonly hasProbes: boolean;
}

interface LiveEndpoint {
  /** Place of its pool. */
  readonly pool: number;
  readonly name: string;
  readonly url: string;
  readonly configuredWeight: number;
  readonly isBackup: boolean;
}

/** Once a second. Counts are since the start; milliseconds are null when nothing finished. */
export interface LiveNumbers {
  /** Unix ms. */
  readonly at: number;
  /** Some rows of endpoints had to wait for a later message. */
  readonly isPartial?: true;
  /** Requests, those with 5xx, in flight, bytes from clients, bytes to them, retries, p50, p90, p99. */
  readonly total: readonly (number | null)[];
  /** Requests, those with 5xx, connections, connections refused, heads refused. */
  readonly listeners?: readonly LiveRow[];
  /** Requests, those with 5xx. */
  readonly routes?: readonly LiveRow[];
  /** Requests, those with 5xx, in flight, p50, p90, p99. */
  readonly pools?: readonly LiveRow[];
  /** Requests that came in at a listener for a route; the place is listener × routes + route. */
  readonly arrivals?: readonly LiveRow[];
  /** Requests that went from a route to a pool; the place is that in the topology's `ways`. */
  readonly departures?: readonly LiveRow[];
  /** Requests, in flight, failures, answers with 5xx, p50 and p99 of the last ten seconds. */
  readonly endpoints?: readonly LiveRow[];
  /** See `LiveStates`. */
  readonly states?: readonly LiveStateRow[];
}

/** As soon as a state changes, and with the numbers. */
export interface LiveStates {
  /** State, what operators set it to, 1 if eligible, weight now, the probes' reason, since when. */
  readonly states: readonly LiveStateRow[];
}

export type LiveRow = readonly [place: number, ...columns: (number | null)[]];
export type LiveStateRow = readonly [
  place: number,
  state: "up" | "down" | "ejected" | "draining" | "maintenance",
  setTo: "ready" | "draining" | "maintenance",
  isEligible: 0 | 1,
  weight: number,
  reason: string,
  sinceMs: number | null,
];
