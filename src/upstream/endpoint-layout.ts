/** Where each number of an endpoint's shared state lies; see `endpoint-state.ts` for the picture. */

/** Bits of the status word. Zero is an ordinary endpoint in service. */
export const statusBits = {
  /** Probes say no. */
  down: 1,
  /** Thrown out by outlier detection. */
  ejected: 2,
  /** Finishes what it has; only bound (sticky) requests may still come. */
  draining: 4,
  /** Taken out by hand; nothing may come. */
  maintenance: 8,
  /** Back from ejection on a trickle: eligible, but watched. */
  probation: 16,
  /** No probe has finished yet: eligible. */
  unprobed: 32,
} as const;

export type StatusBit = keyof typeof statusBits;

export const notEligible =
  statusBits.down | statusBits.ejected | statusBits.draining | statusBits.maintenance;
export const takenOut = statusBits.draining | statusBits.maintenance;
export const notReachable = statusBits.down | statusBits.ejected | statusBits.maintenance;

export const word = {
  status: 0,
  weight: 1,
  requestsMax: 2,
  connectionsMax: 3,
  workers: 4,
  active: 16,
  connections: 17,
  streak: 18,
  gatewayStreak: 19,
  localStreak: 20,
  /** Four words of nginx's max_fails. */
  maxFails: 24,
  /** Eight words of `idle-time.ts`. */
  idleTime: 32,
} as const;
export const wordsBytes = 40 * 4;
/** Four doubles for the averages; then one. */
const averagesBytes = 8 * 8;
/** Until when the endpoint asked to be left alone (Retry-After), by the shared clock; 0 for never. */
export const restOffset = wordsBytes + 4 * 8;

/** Counters of a worker's row, in order. `requestFinished` relies on the classes standing at 1 to 5. */
export const counter = {
  requests: 0,
  responses1xx: 1,
  responses2xx: 2,
  responses3xx: 3,
  responses4xx: 4,
  responses5xx: 5,
  failures: 6,
  abandoned: 7,
  retries: 8,
  bytesIn: 9,
  bytesOut: 10,
  connectionsOpened: 11,
  connectionReuses: 12,
  connectFailures: 13,
  timeouts: 14,
  resets: 15,
  staleConnections: 16,
  tunnels: 17,
  latencyMsSum: 18,
  hedges: 19,
  successes: 20,
  successLatencyMsSum: 21,
  tunnelsEnded: 22,
} as const;

export type CounterName = keyof typeof counter;
export const counterNames = Object.keys(counter) as readonly CounterName[];
export const rowSlots = 24;
/** The row's last two doubles hold Int32s: what this worker holds, so that its death can be settled. */
export const rowActiveWord = (rowSlots - 1) * 2;
export const rowConnectionsWord = rowActiveWord + 1;

/** Where a worker's row begins. */
export function rowOffset(workerIndex: number): number {
  return wordsBytes + averagesBytes + workerIndex * rowSlots * 8;
}
