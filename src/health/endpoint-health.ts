/**
 * What probes say about one endpoint. It knows nothing of traffic (`outlier-detection.ts`) nor of what
 * the operator decided (draining, maintenance); `verdict.ts` puts those together.
 *
 *      start
 *        │
 *        ▼          one success
 *    unproven ───────────────────────▶ up ◀──────────┐
 *        │                             │             │
 *        │ `fall` failures in a row    │ the same    │ `rise` successes in a row
 *        └──────────▶ down ◀───────────┘             │
 *                      └─────────────────────────────┘
 *
 * An endpoint is usable until it is proven down: a balancer that starts must not refuse its first requests.
 */
import type { Clock } from "../core/clock.ts";
import type { ProbeResult } from "./probe.ts";

export type HealthState =
  | { readonly kind: "unproven"; readonly failuresInRow: number }
  | { readonly kind: "up"; readonly failuresInRow: number }
  | { readonly kind: "down"; readonly successesInRow: number };

export type HealthKind = HealthState["kind"];

export interface HealthThresholds {
  /** Successes in a row that bring a down endpoint up; at least 1. */
  readonly rise: number;
  /** Failures in a row that take an endpoint down; at least 1. */
  readonly fall: number;
}

/** A transition. Those between usable kinds are told, too. */
export interface HealthChange {
  readonly from: HealthKind;
  readonly to: HealthKind;
  /** What the deciding probe said: `status 500`, `connection refused`. */
  readonly reason: string;
  /** How long the former state had lasted. */
  readonly lastedMs: number;
  /** When, in ms since the epoch. */
  readonly wallMs: number;
}

const initialReason = "not probed yet";

export class EndpointHealth {
  #state: HealthState = { kind: "unproven", failuresInRow: 0 };
  #reason = initialReason;
  #sinceMs: number;
  #sinceWallMs: number;
  #lastResult: ProbeResult | null = null;
  #thresholds: HealthThresholds;
  readonly #clock: Clock;
  readonly #onChange: (change: HealthChange) => void;

  constructor(clock: Clock, thresholds: HealthThresholds, onChange: (change: HealthChange) => void) {
    this.#clock = clock;
    this.#thresholds = thresholds;
    this.#onChange = onChange;
    this.#sinceMs = clock.nowMs();
    this.#sinceWallMs = clock.wallMs();
  }

  get state(): HealthState {
    return this.#state;
  }

  get isUsable(): boolean {
    return this.#state.kind !== "down";
  }

  /** Why the state is what it is: the probe that decided it. */
  get reason(): string {
    return this.#reason;
  }

  /** When the state began, in ms since the epoch. */
  get sinceWallMs(): number {
    return this.#sinceWallMs;
  }

  /** The latest probe, whether or not it changed anything; null before the first. */
  get lastResult(): ProbeResult | null {
    return this.#lastResult;
  }

  /** New thresholds count from the next probe on; nothing changes by itself. */
  setThresholds(thresholds: HealthThresholds): void {
    this.#thresholds = thresholds;
  }

  /** A probe is over. */
  probed(result: ProbeResult): void {
    this.#lastResult = result;
    const next = afterProbe(this.#state, result.isOk, this.#thresholds);
    const from = this.#state.kind;
    this.#state = next;
    if (next.kind !== from) this.#entered(from, next.kind, result.detail);
  }

  /** Back to the start: the operator says that the past does not count (another process, another address). */
  reset(reason: string): void {
    const from = this.#state.kind;
    this.#state = { kind: "unproven", failuresInRow: 0 };
    this.#lastResult = null;
    if (from !== "unproven") this.#entered(from, "unproven", reason);
  }

  #entered(from: HealthKind, to: HealthKind, reason: string): void {
    const nowMs = this.#clock.nowMs();
    const lastedMs = nowMs - this.#sinceMs;
    this.#reason = reason;
    this.#sinceMs = nowMs;
    this.#sinceWallMs = this.#clock.wallMs();
    this.#onChange({ from, to, reason, lastedMs, wallMs: this.#sinceWallMs });
  }
}

/** The diagram above, as a function. */
function afterProbe(state: HealthState, isOk: boolean, { rise, fall }: HealthThresholds): HealthState {
  switch (state.kind) {
    case "unproven":
    case "up":
      if (isOk) return { kind: "up", failuresInRow: 0 };
      if (state.failuresInRow + 1 >= fall) return { kind: "down", successesInRow: 0 };
      return { kind: state.kind, failuresInRow: state.failuresInRow + 1 };
    case "down":
      if (!isOk) return { kind: "down", successesInRow: 0 };
      if (state.successesInRow + 1 >= rise) return { kind: "up", failuresInRow: 0 };
      return { kind: "down", successesInRow: state.successesInRow + 1 };
  }
}
