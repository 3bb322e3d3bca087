/** What to be told about, and what is told. Values only; deciding and sending stand in files of their own. */
import type { AlertSignal } from "../../core/alert-signals.ts";
import type { EventKind } from "../../core/event-kinds.ts";

export type AlertSeverity = "warning" | "critical";

interface RuleHead {
  /** Unique. */
  readonly name: string;
  readonly severity: AlertSeverity;
}

/** Fires when a signal has been beyond the threshold for a while, resolves when it has been back for a while. */
export interface ThresholdRule extends RuleHead {
  readonly kind: "threshold";
  readonly signal: AlertSignal;
  readonly isBeyond: "above" | "below";
  readonly threshold: number;
  readonly forMs: number;
  readonly resolveAfterMs: number;
  /** Only for this pool, certificate or worker; null for each of them. */
  readonly subject: string | null;
}

/** Fires on an event. Resolves on another about the same thing; without such it is told once and is over. */
export interface EventRule extends RuleHead {
  readonly kind: "event";
  readonly events: readonly EventKind[];
  readonly resolvedBy: readonly EventKind[];
}

export type AlertRule = ThresholdRule | EventRule;

/** One measured value. */
export interface SignalReading {
  readonly signal: AlertSignal;
  /** The pool's, certificate's or worker's name; "" for the whole. */
  readonly subject: string;
  /** Null when there is too little to judge by. */
  readonly value: number | null;
}

/** An alert began or ended. */
export interface AlertChange {
  /** The same for an alert's beginning and end: rule and subject. */
  readonly key: string;
  readonly rule: string;
  readonly severity: AlertSeverity;
  readonly state: "firing" | "resolved";
  /** What it is about, "" for the whole. */
  readonly subject: string;
  /** One sentence. */
  readonly summary: string;
  /** The value that decided; null for events. */
  readonly value: number | null;
  readonly startedWallMs: number;
  readonly changedWallMs: number;
}
