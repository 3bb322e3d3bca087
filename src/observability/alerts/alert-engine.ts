/**
 * Decides which alerts begin and end. Pure but for its memory of what is pending and firing: it reads no
 * clock, measures nothing and sends nothing.
 *
 *   quiet ──beyond──▶ pending ──beyond for `forMs`──▶ firing ──back for `resolveAfterMs`──▶ quiet
 *     ▲                  │
 *     └──────back────────┘
 */
import type { ControlEvent } from "../events.ts";
import type { AlertChange, AlertRule, EventRule, SignalReading, ThresholdRule } from "./alert-rule.ts";

type State =
  | { readonly phase: "pending"; readonly sinceMs: number }
  | { readonly phase: "firing"; readonly change: AlertChange; readonly backSinceMs: number | null };

/** Alerts pending or firing at once; further ones are not begun. */
const statesMax = 2000;

export class AlertEngine {
  readonly #rules: readonly AlertRule[];
  readonly #states = new Map<string, State>();

  constructor(rules: readonly AlertRule[]) {
    this.#rules = rules;
  }

  /** Alerts that are firing now. */
  get firing(): readonly AlertChange[] {
    return [...this.#states.values()].flatMap((state) => (state.phase === "firing" ? [state.change] : []));
  }

  /**
   * Judges the readings of one moment, `nowMs` monotonic. What is no longer measured (a pool that a reload
   * took away) is back. Returns what began and ended.
   */
  evaluate(nowMs: number, wallMs: number, readings: readonly SignalReading[]): readonly AlertChange[] {
    const changes: AlertChange[] = [];
    for (const rule of this.#rules) {
      if (rule.kind !== "threshold") continue;
      const measured = readings.filter((reading) => applies(rule, reading));
      for (const reading of measured) this.#judge(rule, reading, nowMs, wallMs, changes);
      const subjects = new Set(measured.map((reading) => reading.subject));
      for (const subject of this.#subjectsOf(rule)) {
        if (subjects.has(subject)) continue;
        const gone: SignalReading = { signal: rule.signal, subject, value: null };
        this.#judge(rule, gone, nowMs, wallMs, changes);
      }
    }
    return changes;
  }

  /** Judges an event of the control plane. */
  event(event: ControlEvent): readonly AlertChange[] {
    return this.#rules.flatMap((rule) => (rule.kind === "event" ? this.#judgeEvent(rule, event) : []));
  }

  #judge(
    rule: ThresholdRule,
    reading: SignalReading,
    nowMs: number,
    wallMs: number,
    changes: AlertChange[],
  ): void {
    const key = keyOf(rule, reading.subject);
    const state = this.#states.get(key);
    if (isBeyond(rule, reading.value)) {
      if (state?.phase === "firing") {
        if (state.backSinceMs !== null) this.#states.set(key, { ...state, backSinceMs: null });
        return;
      }
      if (state === undefined && this.#states.size >= statesMax) return;
      const sinceMs = state?.sinceMs ?? nowMs;
      if (nowMs - sinceMs < rule.forMs) {
        this.#states.set(key, { phase: "pending", sinceMs });
        return;
      }
      const startedWallMs = wallMs - (nowMs - sinceMs);
      const change = changeOf(
        rule,
        reading.subject,
        summaryOf(rule, reading),
        reading.value,
        startedWallMs,
        wallMs,
      );
      this.#states.set(key, { phase: "firing", change, backSinceMs: null });
      changes.push(change);
    } else if (state?.phase === "firing") {
      const backSinceMs = state.backSinceMs ?? nowMs;
      if (nowMs - backSinceMs < rule.resolveAfterMs) {
        this.#states.set(key, { ...state, backSinceMs });
        return;
      }
      this.#states.delete(key);
      changes.push({
        ...state.change,
        state: "resolved",
        summary: backOf(rule, reading),
        value: reading.value,
        changedWallMs: wallMs,
      });
    } else if (state !== undefined) {
      this.#states.delete(key);
    }
  }

  #judgeEvent(rule: EventRule, event: ControlEvent): readonly AlertChange[] {
    const subject = subjectOf(event);
    const key = keyOf(rule, subject);
    const state = this.#states.get(key);
    if (rule.events.includes(event.kind)) {
      if (state !== undefined) return [];
      const change = changeOf(rule, subject, event.message, null, event.wallMs, event.wallMs);
      if (rule.resolvedBy.length > 0) {
        if (this.#states.size >= statesMax) return [];
        this.#states.set(key, { phase: "firing", change, backSinceMs: null });
      }
      return [change];
    }
    if (state?.phase !== "firing" || !rule.resolvedBy.includes(event.kind)) return [];
    this.#states.delete(key);
    return [{ ...state.change, state: "resolved", summary: event.message, changedWallMs: event.wallMs }];
  }

  #subjectsOf(rule: AlertRule): readonly string[] {
    const prefix = keyOf(rule, "");
    return [...this.#states.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }
}

function applies(rule: ThresholdRule, reading: SignalReading): boolean {
  return reading.signal === rule.signal && (rule.subject === null || rule.subject === reading.subject);
}

function isBeyond(rule: ThresholdRule, value: number | null): boolean {
  if (value === null) return false;
  return rule.isBeyond === "above" ? value > rule.threshold : value < rule.threshold;
}

function keyOf(rule: AlertRule, subject: string): string {
  return `${rule.name}\n${subject}`;
}

function subjectOf(event: ControlEvent): string {
  return [event.pool, event.endpoint].filter((name) => name !== undefined).join("/");
}

function changeOf(
  rule: AlertRule,
  subject: string,
  summary: string,
  value: number | null,
  startedWallMs: number,
  changedWallMs: number,
): AlertChange {
  const { name, severity } = rule;
  const key = keyOf(rule, subject);
  return {
    key,
    rule: name,
    severity,
    state: "firing",
    subject,
    summary,
    value,
    startedWallMs,
    changedWallMs,
  };
}

function summaryOf(rule: ThresholdRule, reading: SignalReading): string {
  const about = reading.subject === "" ? "" : ` of ${reading.subject}`;
  const duration = rule.forMs === 0 ? "" : ` for ${Math.round(rule.forMs / 1000)} s`;
  return `${rule.signal}${about} is ${rounded(reading.value)}, ${rule.isBeyond} ${rounded(rule.threshold)}${duration}`;
}

function backOf(rule: ThresholdRule, reading: SignalReading): string {
  const about = reading.subject === "" ? "" : ` of ${reading.subject}`;
  const end = reading.value === null ? "is no longer measured" : `is ${rounded(reading.value)} again`;
  return `${rule.signal}${about} ${end}, no longer ${rule.isBeyond} ${rounded(rule.threshold)}`;
}

function rounded(value: number | null): string {
  return value === null ? "unknown" : String(Number(value.toPrecision(4)));
}
