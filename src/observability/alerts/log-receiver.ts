/** Tells the program's own log, one line per change. */
import type { Log } from "../../core/log.ts";
import { type AlertReceiver, headlineOf } from "./alert-receiver.ts";

export function logReceiver(log: Log): AlertReceiver {
  return {
    name: "log",
    send(notification) {
      if (notification.kind !== "alerts") log.info(headlineOf(notification));
      else {
        for (const { rule, severity, state, subject, summary } of notification.changes) {
          const level = state === "resolved" ? "info" : severity === "critical" ? "error" : "warn";
          log[level](`alert ${state}`, { rule, severity, subject, summary });
        }
      }
      return Promise.resolve();
    },
  };
}
