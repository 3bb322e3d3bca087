/** Feeds the history of the last hour once a second from the state that all threads share. */
import type { Clock, Timer } from "../core/clock.ts";
import { History, type HistoryReadings, type NamedReading } from "../observability/history.ts";
import type { SharedEndpoint, SharedState } from "./shared-state.ts";

const sampleEveryMs = 1000;

export class HistoryKeeper {
  readonly history = new History();
  readonly #clock: Clock;
  readonly #shared: SharedState;
  readonly #onSampled: () => void;
  #timer: Timer | null = null;

  /** `onSampled` is called after each sample, once a second. */
  constructor(clock: Clock, shared: SharedState, onSampled: () => void) {
    this.#clock = clock;
    this.#shared = shared;
    this.#onSampled = onSampled;
  }

  start(): void {
    this.history.sample(this.#clock.wallMs(), historyReadings(this.#shared));
    this.#onSampled();
    this.#timer = this.#clock.setTimer(sampleEveryMs, () => this.start());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

function historyReadings(shared: SharedState): HistoryReadings {
  const { counters } = shared;
  const total = counters.readTotal();
  const active = (endpoints: Iterable<SharedEndpoint>): number => {
    let sum = 0;
    for (const { state } of endpoints) sum += state.activeRequests;
    return sum;
  };
  return {
    total: {
      requests: total.requestsByClass.reduce((sum, count) => sum + count, 0),
      errors: total.requestsByClass[5] ?? 0,
      active: active(shared.endpoints()),
    },
    pools: counters.readPools().map(({ name, totals, phases }) => ({
      name,
      requests: totals.requestsByClass.reduce((sum, count) => sum + count, 0),
      errors: totals.requestsByClass[5] ?? 0,
      active: active(shared.pools.get(name)?.endpoints ?? []),
      latencyCounts: phases.total.latency.counts,
    })),
    endpointsOf: (pool) => (shared.pools.get(pool)?.endpoints ?? []).map(endpointReading),
  };
}

function endpointReading({ config, state }: SharedEndpoint): NamedReading {
  const { requests, responses5xx, activeRequests } = state.readTotals();
  return {
    name: config.name,
    requests,
    errors: responses5xx,
    active: activeRequests,
    latencyCounts: state.readLatency().counts,
  };
}
