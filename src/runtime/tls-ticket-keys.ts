/**
 * The keys of session tickets: made here, shared by all workers, replaced at regular times. A new key is
 * made every half lifetime and three are kept, so that a ticket can be opened for its whole lifetime and
 * no key lives longer than one and a half.
 */
import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../core/clock.ts";

const keyBytes = 48;
const keysKept = 3;

/** What a process that takes this one's place needs to open the same tickets. */
export interface TicketKeyInheritance {
  /** Newest first. */
  readonly keys: readonly Uint8Array[];
  readonly newestMadeWallMs: number;
}

export class TicketKeyRing {
  readonly #clock: Clock;
  readonly #onRotated: () => void;
  #lifetimeMs = 0;
  #keys: readonly Uint8Array[] = [];
  #newestMadeWallMs = 0;
  #timer: Timer | null = null;

  constructor(clock: Clock, onRotated: () => void, inherited: TicketKeyInheritance | null = null) {
    this.#clock = clock;
    this.#onRotated = onRotated;
    this.#keys = inherited?.keys ?? [];
    this.#newestMadeWallMs = inherited?.newestMadeWallMs ?? 0;
  }

  get inheritance(): TicketKeyInheritance {
    return { keys: this.#keys, newestMadeWallMs: this.#newestMadeWallMs };
  }

  /** Newest first; none when sessions are not resumed. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** Sets how long a session may be resumed, 0 for not at all. Keys outlive a change of it. */
  use(lifetimeMs: number): void {
    if (lifetimeMs === this.#lifetimeMs) return;
    const isFirst = this.#lifetimeMs === 0;
    this.#lifetimeMs = lifetimeMs;
    this.#timer?.cancel();
    if (lifetimeMs === 0) {
      this.#keys = [];
      return;
    }
    // A predecessor's, when this process could have started long after it.
    const isTooOld = isFirst && this.#clock.wallMs() - this.#newestMadeWallMs >= lifetimeMs;
    if (this.#keys.length === 0 || isTooOld) this.#add([]);
    this.#later();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #add(older: readonly Uint8Array[]): void {
    this.#keys = [randomBytes(keyBytes), ...older].slice(0, keysKept);
    this.#newestMadeWallMs = this.#clock.wallMs();
  }

  /** Half a lifetime after the newest key was made, by whichever process: upgrades do not prolong its life. */
  #later(): void {
    const ageMs = Math.max(0, this.#clock.wallMs() - this.#newestMadeWallMs);
    this.#timer = this.#clock.setTimer(Math.max(0, this.#lifetimeMs / 2 - ageMs), () => {
      this.#add(this.#keys);
      this.#later();
      this.#onRotated();
    });
  }
}
