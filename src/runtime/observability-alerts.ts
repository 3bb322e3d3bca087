/** Alerts at work: as the configuration has them, fed with readings of the shared state every ten seconds. */
import type { AlertsConfig } from "../config/schema-alerts.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { TestResult } from "../observability/alerts/alert-dispatcher.ts";
import type { AlertReceiver } from "../observability/alerts/alert-receiver.ts";
import type { AlertChange, AlertRule } from "../observability/alerts/alert-rule.ts";
import type { SignalReadings } from "../observability/alerts/alert-signals.ts";
import { Alerts, type AlertSettings } from "../observability/alerts/alerts.ts";
import { commandReceiver, type CommandRunner } from "../observability/alerts/command-receiver.ts";
import { defaultAlertRules } from "../observability/alerts/default-rules.ts";
import type { DeliveryCounts } from "../observability/alerts/delivery-queue.ts";
import { logReceiver } from "../observability/alerts/log-receiver.ts";
import { webhookReceiver } from "../observability/alerts/webhook-receiver.ts";
import type { EventLog } from "../observability/events.ts";
import type { SharedState } from "./shared-state.ts";

export interface AlertKeeperParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  readonly runCommand: CommandRunner;
  readings(): SignalReadings;
}

const evaluateEveryMs = 10_000;

export class AlertKeeper {
  readonly #parts: AlertKeeperParts;
  #alerts: Alerts | null = null;
  #settingsText = "null";
  #timer: Timer | null = null;

  constructor(parts: AlertKeeperParts) {
    this.#parts = parts;
  }

  /** Null ends alerting. Settings that changed begin anew: what stands is told again. */
  apply(config: AlertsConfig | null): void {
    const settingsText = JSON.stringify(config);
    if (settingsText === this.#settingsText) return;
    this.close();
    this.#settingsText = settingsText;
    if (config === null) return;
    this.#alerts = new Alerts(alertSettings(config, this.#parts), this.#parts);
    this.#tick();
  }

  get firing(): readonly AlertChange[] {
    return this.#alerts?.firing ?? [];
  }

  /** By receiver. */
  deliveries(): ReadonlyMap<string, DeliveryCounts> {
    return this.#alerts?.deliveries() ?? new Map();
  }

  /** Tells every receiver that this is a test; empty when there are none. */
  async test(): Promise<readonly TestResult[]> {
    return (await this.#alerts?.test()) ?? [];
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#alerts?.close();
    this.#alerts = null;
    this.#settingsText = "null";
  }

  #tick(): void {
    this.#timer = this.#parts.clock.setTimer(evaluateEveryMs, () => this.#tick());
    this.#alerts?.evaluate(this.#parts.readings());
  }
}

function alertSettings(config: AlertsConfig, { log, runCommand }: AlertKeeperParts): AlertSettings {
  const named = new Map(
    Object.entries(config.receivers).map(([name, receiver]) => [
      name,
      receiverOf(name, receiver, runCommand),
    ]),
  );
  const beating = config.heartbeat === null ? undefined : named.get(config.heartbeat.receiver);
  return {
    rules: config.rules?.map(ruleOf) ?? defaultAlertRules,
    receivers: [...named.values(), ...(config.log ? [logReceiver(log)] : [])],
    heartbeat:
      config.heartbeat === null || beating === undefined
        ? null
        : { receiver: beating, intervalMs: config.heartbeat.interval },
  };
}

function receiverOf(
  name: string,
  config: AlertsConfig["receivers"][string],
  run: CommandRunner,
): AlertReceiver {
  const { webhook, format, headers, command } = config;
  if (webhook !== null) return webhookReceiver({ name, url: webhook, format, headers });
  return commandReceiver(name, command ?? [], run);
}

function ruleOf(config: NonNullable<AlertsConfig["rules"]>[number]): AlertRule {
  const { name, severity, signal, above, below, subject, events, resolvedBy } = config;
  if (signal === null) return { kind: "event", name, severity, events, resolvedBy };
  return {
    kind: "threshold",
    name,
    severity,
    signal,
    isBeyond: above === null ? "below" : "above",
    threshold: above ?? below ?? 0,
    forMs: config.for,
    resolveAfterMs: config.resolveAfter,
    subject,
  };
}

/** What the signals are worked out from, as it is now. */
export function poolSignals(shared: SharedState): SignalReadings["pools"] {
  return shared.counters.readPools().map(({ name, totals, phases }) => {
    const endpoints = shared.pools.get(name)?.endpoints ?? [];
    return {
      name,
      requests: totals.requestsByClass.reduce((sum, count) => sum + count, 0),
      errors: totals.requestsByClass[5] ?? 0,
      latencyCounts: phases.total.latency.counts,
      firstByteCounts: phases.firstByte.latency.counts,
      endpoints: endpoints.length,
      eligible: endpoints.filter(({ state }) => state.isEligible).length,
      ejected: endpoints.filter(({ state }) => state.hasStatus("ejected")).length,
    };
  });
}
