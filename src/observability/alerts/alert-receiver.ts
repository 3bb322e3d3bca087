/** The seam to whoever is told: a webhook, a command, the log. */
import type { AlertChange } from "./alert-rule.ts";

export type AlertNotification =
  | { readonly kind: "alerts"; readonly changes: readonly AlertChange[] }
  /** Asked for by an operator, to see whether messages arrive. */
  | { readonly kind: "test" }
  /** Sent at a steady pace; its absence is the alarm. */
  | { readonly kind: "heartbeat" };

export interface AlertReceiver {
  readonly name: string;
  /**
   * Resolves when the message has been taken. Rejects with an `UndeliverableAlert` when trying again is
   * pointless, with any other error when it is not. Ends in bounded time.
   */
  send(notification: AlertNotification, wallMs: number): Promise<void>;
}

/** The receiver refuses the message for good. */
export class UndeliverableAlert extends Error {
  override readonly name = "UndeliverableAlert";
}

/** One line for people. */
export function headlineOf(notification: AlertNotification): string {
  switch (notification.kind) {
    case "test":
      return "Headgate: this is a test, nothing is wrong";
    case "heartbeat":
      return "Headgate: alive";
    case "alerts": {
      const firing = notification.changes.filter((change) => change.state === "firing").length;
      const resolved = notification.changes.length - firing;
      const parts = [firing > 0 ? `${firing} firing` : "", resolved > 0 ? `${resolved} resolved` : ""];
      return `Headgate: ${parts.filter((part) => part !== "").join(", ")}`;
    }
  }
}

/** One line per change: `FIRING critical high-errors: error-share of app is 0.2, above 0.05 for 60 s`. */
export function lineOf(change: AlertChange): string {
  return `${change.state.toUpperCase()} ${change.severity} ${change.rule}: ${change.summary}`;
}
