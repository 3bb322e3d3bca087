/**
 * One endpoint's standing with outlier detection.
 *
 *                 stands out                  time over, or a probe
 *    admitting ───────────────▶ ejected ──────────────────────────▶ probation
 *        ▲                         ▲   (none wanted: straight to       │
 *        │                         │    admitting)                     │
 *        │                         └────────── any failure ────────────┤
 *        └───────────── `requests` successes, one at a time ───────────┘
 *
 * The n-th ejection in a row lasts n times the base, up to a ceiling; each good interval takes one off n.
 */
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { TrafficReadings } from "./traffic-record.ts";

/** Which rule ejected it. Stable: metrics and logs group by it. */
export type OutlierCause =
  | "failures-in-row"
  | "gateway-failures-in-row"
  | "local-failures-in-row"
  | "success-rate"
  | "failure-share"
  | "latency"
  /** A request of its probation failed. */
  | "probation-failed";

export type EjectionState =
  | { readonly kind: "admitting" }
  | {
      readonly kind: "ejected";
      readonly cause: OutlierCause;
      readonly detail: string;
      readonly untilMs: number;
    }
  | {
      readonly kind: "probation";
      /** The readings when it began: what counts is what came since. */
      readonly successesBefore: number;
      readonly failuresBefore: number;
    };

export interface EjectionTimes {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Share of the time, 0 to 1, up to which a random part is added. */
  readonly jitter: number;
}

export class Ejection {
  #state: EjectionState = { kind: "admitting" };
  #timesInRow = 0;

  get state(): EjectionState {
    return this.#state;
  }

  /** Ejections in a row, less one for each good interval since. */
  get timesInRow(): number {
    return this.#timesInRow;
  }

  /** Gives how long it will last. */
  eject(cause: OutlierCause, detail: string, times: EjectionTimes, clock: Clock, random: Random): number {
    this.#timesInRow++;
    const plainMs = Math.min(times.baseMs * this.#timesInRow, Math.max(times.maxMs, times.baseMs));
    const durationMs = Math.round(plainMs * (1 + times.jitter * random.next()));
    this.#state = { kind: "ejected", cause, detail, untilMs: clock.nowMs() + durationMs };
    return durationMs;
  }

  beginProbation(readings: TrafficReadings): void {
    const { successes, failures } = readings;
    this.#state = { kind: "probation", successesBefore: successes, failuresBefore: failures };
  }

  admit(): void {
    this.#state = { kind: "admitting" };
  }

  /** An interval has passed in which it was admitted and did not stand out. */
  hadGoodInterval(): void {
    if (this.#timesInRow > 0) this.#timesInRow--;
  }
}
