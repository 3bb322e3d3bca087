/** Runs `systemd-notify`, which sends what Node cannot: a datagram over a unix socket. */
import { execFile } from "node:child_process";

/** `onError` is told when the message did not leave. */
export function notifySystemd(words: readonly string[], onError: (reason: string) => void): void {
  execFile("systemd-notify", [...words], (error) => {
    if (error !== null) onError(error.message.trim());
  });
}
