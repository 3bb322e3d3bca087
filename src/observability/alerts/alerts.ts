/**
 * Alerts put together: readings and events in, messages out. Every beginning and end is also an event, so
 * the dashboard shows what receivers were told.
 */
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ControlEvent, EventLog } from "../events.ts";
import { AlertDispatcher, type TestResult } from "./alert-dispatcher.ts";
import { AlertEngine } from "./alert-engine.ts";
import { type AlertReceiver, lineOf } from "./alert-receiver.ts";
import type { AlertChange, AlertRule } from "./alert-rule.ts";
import { AlertSignals, type SignalReadings } from "./alert-signals.ts";
import type { DeliveryCounts } from "./delivery-queue.ts";
import { Heartbeat } from "./heartbeat.ts";

export interface AlertSettings {
  readonly rules: readonly AlertRule[];
  readonly receivers: readonly AlertReceiver[];
  /** Null for none. */
  readonly heartbeat: { readonly receiver: AlertReceiver; readonly intervalMs: number } | null;
}

export interface AlertParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
}

export class Alerts {
  readonly #clock: Clock;
  readonly #events: EventLog;
  readonly #engine: AlertEngine;
  readonly #signals = new AlertSignals();
  readonly #dispatcher: AlertDispatcher;
  readonly #heartbeat: Heartbeat | null;
  readonly #unsubscribe: () => void;

  constructor(settings: AlertSettings, parts: AlertParts) {
    const { clock, log, events } = parts;
    const { rules, receivers, heartbeat } = settings;
    this.#clock = clock;
    this.#events = events;
    this.#engine = new AlertEngine(rules);
    this.#dispatcher = new AlertDispatcher({ receivers, clock, log });
    this.#heartbeat =
      heartbeat === null ? null : new Heartbeat(heartbeat.receiver, clock, heartbeat.intervalMs);
    this.#unsubscribe = events.subscribe((event) => this.#onEvent(event));
  }

  /** Called at a steady pace, say every ten seconds, with everything as it is now. */
  evaluate(readings: SignalReadings): void {
    const [nowMs, wallMs] = [this.#clock.nowMs(), this.#clock.wallMs()];
    this.#tell(this.#engine.evaluate(nowMs, wallMs, this.#signals.read(nowMs, wallMs, readings)));
  }

  get firing(): readonly AlertChange[] {
    return this.#engine.firing;
  }

  /** Sends every receiver a test message. */
  async test(): Promise<readonly TestResult[]> {
    return this.#dispatcher.test();
  }

  /** By receiver. */
  deliveries(): ReadonlyMap<string, DeliveryCounts> {
    return this.#dispatcher.counts();
  }

  close(): void {
    this.#unsubscribe();
    this.#heartbeat?.close();
    this.#dispatcher.close();
  }

  #onEvent(event: ControlEvent): void {
    // Alerts about alerts would never end.
    if (event.kind !== "alert-firing" && event.kind !== "alert-resolved")
      this.#tell(this.#engine.event(event));
  }

  #tell(changes: readonly AlertChange[]): void {
    this.#dispatcher.add(changes);
    for (const change of changes) {
      const isFiring = change.state === "firing";
      this.#events.record({
        kind: isFiring ? "alert-firing" : "alert-resolved",
        level: isFiring ? (change.severity === "critical" ? "error" : "warn") : "info",
        message: lineOf(change),
        origin: `alert:${change.rule}`,
      });
    }
  }
}
