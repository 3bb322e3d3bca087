/**
 * Slow start: after an endpoint joins or recovers, its weight grows along the curve. The weight in the
 * shared state is the one that counts; this file moves it.
 */
import type { Config } from "../config/schema.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { slowStartShare, slowStartWaitMs, type SlowStartSettings } from "../upstream/slow-start.ts";
import type { SharedEndpoint, SharedState } from "./shared-state.ts";

interface StartConditions {
  readonly onJoin: boolean;
  readonly onRecovery: boolean;
  readonly mode: "enforce" | "observe";
}

interface Start {
  readonly startedMs: number;
  timer: Timer | null;
}

export class SlowStarts {
  readonly #clock: Clock;
  readonly #shared: SharedState;
  readonly #starts = new Map<string, Start>();
  #settings = new Map<string, SlowStartSettings & StartConditions>();
  #known = new Set<string>();

  constructor(clock: Clock, shared: SharedState) {
    this.#clock = clock;
    this.#shared = shared;
  }

  /** Sets every endpoint's weight; endpoints that joined a running pool begin slowly. */
  watch(config: Config): void {
    const isFirst = this.#known.size === 0;
    this.#settings = new Map(
      Object.entries(config.pools).flatMap(([name, { slowStart }]) =>
        slowStart === null ? [] : [[name, { ...slowStart, windowMs: slowStart.window }]],
      ),
    );
    const known = new Set<string>();
    for (const endpoint of this.#shared.endpoints()) {
      known.add(endpoint.key);
      const settings = this.#settings.get(endpoint.pool);
      if (settings === undefined) this.#stop(endpoint.key);
      // At the start of the program everybody is new, so nobody is.
      else if (settings.onJoin && !isFirst && !this.#known.has(endpoint.key)) this.#begin(endpoint);
      this.#setWeight(endpoint);
    }
    for (const key of this.#starts.keys()) if (!known.has(key)) this.#stop(key);
    this.#known = known;
  }

  recovered(endpoint: SharedEndpoint): void {
    if (this.#settings.get(endpoint.pool)?.onRecovery !== true) return;
    this.#begin(endpoint);
    this.#setWeight(endpoint);
  }

  close(): void {
    for (const key of [...this.#starts.keys()]) this.#stop(key);
  }

  #begin(endpoint: SharedEndpoint): void {
    this.#stop(endpoint.key);
    const mode = this.#settings.get(endpoint.pool)?.mode ?? "enforce";
    this.#shared.pools.get(endpoint.pool)?.protections.count("slow-start", mode);
    if (mode === "observe") return;
    this.#starts.set(endpoint.key, { startedMs: this.#clock.nowMs(), timer: null });
  }

  #stop(key: string): void {
    this.#starts.get(key)?.timer?.cancel();
    this.#starts.delete(key);
  }

  #setWeight(endpoint: SharedEndpoint): void {
    const { state, config } = this.#shared.find(endpoint.pool, endpoint.config.name) ?? endpoint;
    const start = this.#starts.get(endpoint.key);
    const settings = this.#settings.get(endpoint.pool);
    if (start === undefined || settings === undefined) {
      state.setWeight(config.weight);
      return;
    }
    const elapsedMs = this.#clock.nowMs() - start.startedMs;
    state.setWeight(config.weight * slowStartShare(elapsedMs, settings));
    this.#shared.pools.get(endpoint.pool)?.version.bump();
    const waitMs = slowStartWaitMs(elapsedMs, settings);
    start.timer?.cancel();
    if (waitMs === null) this.#starts.delete(endpoint.key);
    else start.timer = this.#clock.setTimer(waitMs, () => this.#setWeight(endpoint));
  }
}
