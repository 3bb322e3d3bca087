/**
 * Puts a new process in this one's place without refusing anybody: the new one inherits the listening
 * sockets, starts, says that it serves, and only then does this one stop accepting and finish what it has.
 * If the new one does not come up, nothing has happened.
 */
import type { Log } from "../core/log.ts";
import { startSuccessor } from "../platform/successor.ts";
import type { OpenSocket } from "../platform/socket-handover.ts";
import { type Inheritance, inheritanceVariables, inheritedSecrets } from "./inheritance.ts";

export interface UpgradeParts {
  readonly log: Log;
  /** What the successor takes over; descriptors as they are here. */
  inheritance(): Inheritance;
  /** The successor serves: let go and finish. */
  onReplaced(pid: number): void;
}

/** A program that has not begun to serve by then will not. */
const readyTimeoutMs = 60_000;

export class Upgrade {
  readonly #parts: UpgradeParts;
  #isUnderWay = false;

  constructor(parts: UpgradeParts) {
    this.#parts = parts;
  }

  start(): void {
    const { log, onReplaced } = this.#parts;
    if (this.#isUnderWay) {
      log.warn("an upgrade is under way already");
      return;
    }
    this.#isUnderWay = true;
    log.info("upgrade: starting a successor");
    const inheritance = this.#parts.inheritance();
    const { sockets, admin } = inheritance;
    const descriptors = [
      ...sockets.map(({ descriptor }) => descriptor),
      ...(admin === null ? [] : [admin.descriptor]),
    ];
    const failed = (reason: string): void => {
      clearTimeout(timer);
      this.#isUnderWay = false;
      log.error("upgrade failed, this process goes on", { reason });
    };
    const giveUp = startSuccessor(
      descriptors,
      (numbers) => {
        const moved = sockets.map((socket, index): OpenSocket => ({
          ...socket,
          descriptor: numbers[index] ?? -1,
        }));
        const movedAdmin = admin === null ? null : { ...admin, descriptor: numbers[sockets.length] ?? -1 };
        return inheritanceVariables({ ...inheritance, sockets: moved, admin: movedAdmin });
      },
      inheritedSecrets(inheritance),
      {
        onReady(pid) {
          clearTimeout(timer);
          onReplaced(pid);
        },
        onFailed: failed,
      },
    );
    const timer = setTimeout(() => {
      giveUp();
      failed(`the successor was not ready within ${readyTimeoutMs / 1000} s`);
    }, readyTimeoutMs);
  }
}
