/**
 * The keys of session tickets: made here, shared by all workers, replaced at regular times. A new key is
 * made every half lifetime and three are kept, so that a ticket can be opened for its whole lifetime and
 * no key lives longer than one and a half.
 */
import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../core/clock.ts";

const keyBytes = 48;
const keysKept = 3;

export class TicketKeyRing {
  readonly #clock: Clock;
  readonly #onRotated: () => void;
  #lifetimeMs = 0;
  #keys: readonly Uint8Array[] = [];
  #timer: Timer | null = null;

  constructor(clock: Clock, onRotated: () => void) {
    this.#clock = clock;
    this.#onRotated = onRotated;
  }

  /** Newest first; none when sessions are not resumed. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** Sets how long a session may be resumed, 0 for not at all. Keys outlive a change of it. */
  use(lifetimeMs: number): void {
    if (lifetimeMs === this.#lifetimeMs) return;
    this.#lifetimeMs = lifetimeMs;
    this.#timer?.cancel();
    if (lifetimeMs === 0) {
      this.#keys = [];
      return;
    }
    if (this.#keys.length === 0) this.#keys = [randomBytes(keyBytes)];
    this.#later();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #later(): void {
    this.#timer = this.#clock.setTimer(this.#lifetimeMs / 2, () => {
      this.#keys = [randomBytes(keyBytes), ...this.#keys].slice(0, keysKept);
      this.#later();
      this.#onRotated();
    });
  }
}
