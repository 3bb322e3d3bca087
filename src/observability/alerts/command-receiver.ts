/** Tells a program: the message as JSON on its standard input, the essentials in its environment. */
import { type AlertNotification, type AlertReceiver, headlineOf, lineOf } from "./alert-receiver.ts";

/** Starts the program without a shell; resolves with its exit code, rejects when it cannot start or takes too long. */
export type CommandRunner = (
  command: readonly string[],
  input: string,
  environment: Readonly<Record<string, string>>,
  timeoutMs: number,
) => Promise<number>;

const timeoutMs = 30_000;

/** `command`: the program and its arguments. */
export function commandReceiver(name: string, command: readonly string[], run: CommandRunner): AlertReceiver {
  return {
    name,
    async send(notification, wallMs) {
      const input = JSON.stringify({ ...notification, time: new Date(wallMs).toISOString() });
      const code = await run(command, input, environmentOf(notification), timeoutMs);
      if (code !== 0) throw new Error(`the command ended with ${code}`);
    },
  };
}

function environmentOf(notification: AlertNotification): Readonly<Record<string, string>> {
  const lines = notification.kind === "alerts" ? notification.changes.map(lineOf).join("\n") : "";
  return {
    HEADGATE_ALERT_KIND: notification.kind,
    HEADGATE_ALERT_TITLE: headlineOf(notification),
    // A NUL would end the variable.
    HEADGATE_ALERT_TEXT: lines.replaceAll("\0", ""),
  };
}
