/** What is worth telling anyone who asks for alerts without naming rules. */
import type { AlertSignal } from "../../core/alert-signals.ts";
import type { AlertRule } from "./alert-rule.ts";

type Numbers = readonly [threshold: number, forMs: number, resolveAfterMs: number];

function above(
  name: string,
  severity: AlertRule["severity"],
  signal: AlertSignal,
  numbers: Numbers,
): AlertRule {
  return { kind: "threshold", name, severity, signal, isBeyond: "above", ...spelled(numbers) };
}

function below(
  name: string,
  severity: AlertRule["severity"],
  signal: AlertSignal,
  numbers: Numbers,
): AlertRule {
  return { kind: "threshold", name, severity, signal, isBeyond: "below", ...spelled(numbers) };
}

function spelled([threshold, forMs, resolveAfterMs]: Numbers) {
  return { threshold, forMs, resolveAfterMs, subject: null };
}

export const defaultAlertRules: readonly AlertRule[] = [
  above("many-errors", "critical", "error-share", [0.05, 60_000, 120_000]),
  // To the response's beginning: a download or a stream takes long and is not slow.
  above("slow-answers", "warning", "first-byte-p99-ms", [2000, 300_000, 120_000]),
  below("few-endpoints", "critical", "eligible-share", [0.5, 30_000, 60_000]),
  // Each alone is told as an endpoint that is out; several at once are seldom the endpoints' own fault.
  above("several-ejected", "critical", "ejected-endpoints", [1, 30_000, 60_000]),
  below("certificate-expires", "warning", "certificate-days", [14, 0, 0]),
  above("reload-rejected", "warning", "reload-rejected", [0, 0, 0]),
  above("worker-busy", "warning", "loop-utilization", [0.95, 300_000, 60_000]),
  {
    kind: "event",
    name: "endpoint-out",
    severity: "warning",
    events: ["endpoint-down", "endpoint-ejected"],
    resolvedBy: ["endpoint-up", "endpoint-readmitted", "endpoint-removed"],
  },
  { kind: "event", name: "worker-died", severity: "warning", events: ["worker-died"], resolvedBy: [] },
  {
    kind: "event",
    name: "worker-out",
    severity: "critical",
    events: ["worker-failed"],
    resolvedBy: ["worker-started"],
  },
];
