/**
 * Tells systemd how things stand, where it asks (`NOTIFY_SOCKET`, `Type=notify`). Node has no datagram
 * sockets of the unix family, so `systemd-notify` carries the messages: `NotifyAccess=all` lets it.
 */
import type { Log } from "../core/log.ts";
import { notifySystemd } from "../platform/systemd-notify.ts";

export interface ServiceManager {
  /** Serving; also told by a successor, which then is the main process. */
  ready(status: string): void;
  stopping(): void;
  /** Begins to show signs of life, if the unit has `WatchdogSec`. */
  startWatchdog(isAlive: () => boolean): void;
}

export function serviceManager(log: Log, environment: NodeJS.ProcessEnv = process.env): ServiceManager {
  if (environment["NOTIFY_SOCKET"] === undefined) return silentManager;
  const notify = (...words: string[]): void => {
    notifySystemd(words, (reason) => log.warn("systemd was not told", { words, reason }));
  };
  return {
    ready: (status) => notify("READY=1", `MAINPID=${process.pid}`, `STATUS=${status}`),
    stopping: () => notify("STOPPING=1", "STATUS=finishing what is under way"),
    startWatchdog(isAlive) {
      const everyUs = Number(environment["WATCHDOG_USEC"] ?? 0);
      if (!(everyUs > 0)) return;
      // Half the time allowed, as sd_watchdog_enabled(3) advises.
      setInterval(() => {
        if (isAlive()) notify("WATCHDOG=1");
      }, everyUs / 2000).unref();
    },
  };
}

const silentManager: ServiceManager = { ready() {}, stopping() {}, startWatchdog() {} };
